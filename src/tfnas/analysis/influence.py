r"""Influence functions of rank correlations: how far each pair of values moves a coefficient.

With IF_i the influence of pair i, a coefficient r of n pairs is, to first order, its true value plus the mean of IF_i.
Pairs that belong together (cells of one functional class share what they compute) are added up first, so that the
variance of r for G groups g is

.. math::
    \frac{G}{G - 1} \; \frac{1}{n^2} \sum_g \Big( \sum_{i \in g} \mathrm{IF}_i \Big)^2

which is what a bootstrap over groups converges to, without drawing anything. Nothing is assumed of the distribution of
the values, and ties are handled as in the coefficients.

Source: Croux and Dehon 2010, "Influence functions of the Spearman and Kendall correlation measures", Statistical
Methods and Applications 19 (the functions); Efron 1982, "The jackknife, the bootstrap and other resampling plans",
chapter 6 (the variance); Liang and Zeger 1986, "Longitudinal data analysis using generalized linear models",
Biometrika 73 (groups).
"""

import numpy as np


def grouped_variance(influence: np.ndarray, groups: np.ndarray) -> tuple[float, int]:
    """Return the variance of a coefficient, NaN for fewer than 2 groups, and the number of groups.

    Both arguments have shape (n,): the influence of each pair, and the label of its group.
    """
    _, places = np.unique(groups, return_inverse=True)
    sums = np.bincount(places, weights=influence)
    count = sums.size
    return (float(count / (count - 1) * (sums**2).sum() / influence.size**2) if count > 1 else np.nan), count


def of_rank_correlation(columns: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    r"""Return the influence on Pearson's correlation of two linear combinations of mid-ranks, shape (n,).

    Spearman's coefficient of two columns has the combinations (1, 0) and (0, 1); a partial one has the residuals of
    regressions on the others, whose coefficients, being fitted, have no influence of first order. With u the centred
    mid-ranks over n, e = u first, f = u second and h(a, b) = 1 for a < b, 1/2 for a = b, else 0, the covariance has

    .. math::
        e_i f_i + \sum_a \mathrm{first}_a \frac{1}{n} \sum_j h(x_{ai}, x_{aj}) f_j
                + \sum_a \mathrm{second}_a \frac{1}{n} \sum_j h(x_{ai}, x_{aj}) e_j

    less its mean; the last two terms are there because a value moves the ranks of the others. The columns are finite,
    shape (n, m), and no combination of their ranks may be constant; the weights of the two have shape (m,).
    """
    n, m = columns.shape
    ranks, raised = np.empty((n, m)), []
    for column in range(m):
        _, places, sizes = np.unique(columns[:, column], return_inverse=True, return_counts=True)
        ranks[:, column] = (np.cumsum(sizes) - sizes / 2)[places] / n
        raised.append((places, len(sizes)))
    ranks -= ranks.mean(axis=0)
    e, f = ranks @ first, ranks @ second

    def moved(weights: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Return the change of the mean of ``other`` times the combination, by the ranks that each value raises."""
        total = np.zeros(n)
        for weight, (places, distinct) in zip(weights, raised, strict=True):
            if weight:
                sums = np.bincount(places, weights=other, minlength=distinct)
                total += weight * (sums.sum() - np.cumsum(sums) + sums / 2)[places]
        return total / n

    parts = (e * f + moved(first, f) + moved(second, e), e**2 + 2 * moved(first, e), f**2 + 2 * moved(second, f))
    cross, own, other = (part - part.mean() for part in parts)
    variances = (e**2).mean(), (f**2).mean()
    scale = np.sqrt(variances[0] * variances[1])
    value = (e * f).mean() / scale
    return cross / scale - value / 2 * (own / variances[0] + other / variances[1])


def of_kendall(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    r"""Return the influence on Kendall's tau-b of each pair of finite values, not all equal, shape (n,).

    With :math:`s_i` the mean over j of sign(x_i - x_j) sign(y_i - y_j), p_i and q_i the shares of values that differ
    from x_i and from y_i, and T, P, Q their means, :math:`\tau_b = T / \sqrt{P Q}` and

    .. math::
        \mathrm{IF}_i = \frac{2}{\sqrt{P Q}} \Big( s_i - T - \frac{T}{2} \Big( \frac{p_i - P}{P}
                        + \frac{q_i - Q}{Q} \Big) \Big)
    """
    agreement = concordance(x, y)
    mean = agreement.mean()
    shares = []
    for values in (x, y):
        _, places, sizes = np.unique(values, return_inverse=True, return_counts=True)
        shares.append(1 - (sizes / values.size)[places])
    scale = np.sqrt(shares[0].mean() * shares[1].mean())
    ties = sum(share / share.mean() - 1 for share in shares)
    return 2 / scale * (agreement - mean - mean / 2 * ties)


def concordance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return for each i the mean over all j of sign(x_i - x_j) sign(y_i - y_j), shape (n,), in O(n log^2 n).

    The pairs are split by the bits of the rank of x, highest first: x_j < x_i exactly where the ranks first differ in a
    bit that j lacks, so that one running count in the order of y for every bit counts all of them.
    """
    n = x.size
    x_rank, y_rank = (np.unique(values, return_inverse=True)[1] for values in (x, y))
    order = np.argsort(y_rank, kind="stable")
    a, b = x_rank[order], y_rank[order]
    below = np.zeros(n)  # cells smaller in x and y, halves for each tie
    for bit in range(int(a.max()).bit_length()):
        prefix = a >> (bit + 1)
        by_prefix = np.argsort(prefix, kind="stable")
        left, right, start = _runs(prefix[by_prefix], b[by_prefix])
        has_bit = (a[by_prefix] >> bit & 1).astype(bool)
        lacking = np.concatenate([[0], np.cumsum(~has_bit)])
        counts = (lacking[left] + lacking[right]) / 2 - lacking[start]
        below[by_prefix[has_bit]] += counts[has_bit]
    by_x = np.argsort(a, kind="stable")
    left, right, start = _runs(a[by_x], b[by_x])
    below[by_x] += ((left + right) / 2 - start) / 2
    result = np.empty(n)
    result[order] = (4 * below - 2 * _smaller(a) - 2 * _smaller(b) + n) / n
    return result


def _runs(outer: np.ndarray, inner: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for each place of two sorted columns where its run of equal pairs begins and ends, and that of outer."""
    new_outer = np.concatenate([[True], outer[1:] != outer[:-1]])
    new = new_outer | np.concatenate([[True], inner[1:] != inner[:-1]])
    starts = np.flatnonzero(new)
    ends = np.append(starts[1:], outer.size)
    run = np.cumsum(new) - 1
    return starts[run], ends[run], np.flatnonzero(new_outer)[np.cumsum(new_outer) - 1]


def _smaller(ranks: np.ndarray) -> np.ndarray:
    """Return how many values are smaller than each, equal ones (itself included) counted half; dense ranks from 0."""
    sizes = np.bincount(ranks)
    return (np.cumsum(sizes) - sizes / 2)[ranks]
