"""Where a network runs. By default a GPU rounds more coarsely than a CPU, and the scores would still look normal."""

import torch

from lorafb.files import InputError


def device(name: str) -> torch.device:
    """Find a device, and make a GPU compute as the CPU does: full float32, the same algorithms at each run.

    Parameters
    ----------
    name : "cpu", "cuda" or "cuda:N"

    Raises
    ------
    InputError
        No such device here.
    """
    try:
        found = torch.device(name)
    except RuntimeError:
        raise InputError(f"device {name}: expected cpu, cuda or cuda:N") from None
    if found.type not in ("cpu", "cuda"):
        raise InputError(f"device {name}: expected cpu, cuda or cuda:N")
    n_devices = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if found.type == "cuda" and (found.index or 0) >= n_devices:
        raise InputError(f"device {name}: this machine has {n_devices or 'no'} GPU that torch can use; cpu runs")
    torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32 = True, False
    return found
