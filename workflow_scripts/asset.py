"""Say where a file is to be had that a study needs and nobody has put in its place yet."""

from lorafb.files import InputError
from lorafb.job import start

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    raise InputError(f"{job.output[0]} is not there yet. Get it from {job.params.where}, put it there and start again.")
