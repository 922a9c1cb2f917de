"""What a device may do to numbers."""

import torch


def full_precision() -> None:
    """Compute in the precision of the tensors, and the same numbers every time, for the rest of the process.

    On a GPU the library's default for convolutions is TF32, which keeps ten bits of a factor and would move signs near
    zero, and some of its gradients add up in an order that changes from run to run.
    """
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
