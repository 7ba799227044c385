"""Put a subject's weights in our own format: a checkpoint file, checked, or the network's own initial weights."""

from lorafb.artefacts.provenance import sealed
from lorafb.job import provenance, start
from lorafb.networks import catalogue, checkpoint

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    told = job.params
    network, training = told.subject["network"], told.subject["training"]
    if told.source["kind"] == "initial":
        classes = catalogue.feed(network, training).classes
        weights = checkpoint.initial(network, classes, told.source["seed"])
    else:
        weights = checkpoint.read(job.input[0], network, training)
    with sealed(job.output[0], provenance(job)) as temporary:
        checkpoint.write(temporary, weights)
