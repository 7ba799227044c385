"""Put a subject's weights in our own format: a checkpoint file, checked, or the network's own initial weights."""

import sys
from dataclasses import replace

import torch

from lorafb.artefacts import stimuli
from lorafb.artefacts.provenance import sealed
from lorafb.features.norms import take_statistics
from lorafb.features.prepare import frame_source
from lorafb.features.subject import try_out
from lorafb.job import provenance, start
from lorafb.networks import catalogue, checkpoint, library

if __name__ == "__main__":
    job = start(globals()["snakemake"])
    made_by = provenance(job)  # checks the inputs
    params, source = job.params, job.params.source
    torch.set_num_threads(job.threads)
    network, training = catalogue.from_params(params.subject["network"]), params.subject["training"]
    feed = network.feed(training)
    if source["kind"] == "initial":
        weights = checkpoint.initial(network, feed.classes, source["seed"])
    elif source["kind"] == "library":
        weights = library.weights(network, training, source["name"])
    else:
        weights = checkpoint.read(job.input.file, network, training, entry=source["entry"], unmarked=source["unmarked"])
    if source.get("norms"):
        model = checkpoint.restore(weights, network)
        with stimuli.opened(job.input.norms) as movie:
            frames = frame_source(movie, params.size, feed.normalisation)
            take_statistics(model, frames, frames.n_frames)
        weights = replace(weights, state_dict=model.state_dict(), meta=weights.meta | {"norms": source["norms"]})
    found = [weights.meta["found"]] if "found" in weights.meta else []
    if network.name not in catalogue.names():
        found += try_out(checkpoint.restore(weights, network), params.layers, feed, params.size)
    if found:
        made_by = replace(made_by, parameters={**made_by.parameters, "found": found})
        print(f"{job.rule} {job.wildcards.subject}: {'; '.join(found)}", file=sys.stderr)
    with sealed(job.output[0], made_by) as temporary:
        checkpoint.write(temporary, weights)
