# The config, checked before any job; the plan of all jobs; what happens before the first and after the last of them.
import os
import re
import sys
from pathlib import Path

from snakemake import io
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

ROOT = Path(str(workflow.current_basedir)).resolve().parent
if (ROOT / "lorafb").is_dir():  # else the package is installed, and this folder is part of it
    sys.path.insert(0, str(ROOT))

from lorafb import code, processes, terminal
from lorafb.commands import times
from lorafb.config import reading
from lorafb.files import InputError, clear_abandoned
from lorafb.plan import braces
from lorafb.plan.figures import ENDINGS, Display
from lorafb.plan.jobs import Plan, as_params, one_of
from lorafb.trials import PERTURBATIONS

processes.tell_jobs()
processes.name_python()
braces.let_show(io)
FILES, TYPED = workflow.config_settings.configfiles, workflow.config_settings.config
if workflow.modifier.is_main_snakefile():
    processes.stop_jobs_on_interrupt(lambda: terminal.stop(logger))
    shell.prefix(processes.JOB_PREFIX)
    output = workflow.output_settings
    if workflow.is_main_process and not (output.dryrun or output.printshellcmds or output.verbose or output.quiet):
        terminal.show(logger)  # `-p` shows Snakemake's own output
    # Snakemake reads the files too, but as YAML 1.1, and of two keys of one name it drops the first: so they are read anew.
    asked = reading.merged(FILES)
else:  # a module of somebody's workflow: the config that it gives, and its shell, signals and display
    if workflow.modifier.path_modifier.prefix or workflow.modifier.path_modifier.modifies_prefixes:
        raise WorkflowError(
            "lorafb as a module takes no `prefix`: its files are in results/; give it a folder by --directory"
        )
    asked, TYPED = config, {}
FOLDERS = reading.folders(FILES)

try:
    study = reading.read(ROOT / "config.yaml", asked, FOLDERS, TYPED, inside=workflow.is_main_process)
except InputError as error:
    raise WorkflowError(str(error)) from None

if copy := os.environ.get("LORAFB_CONFIG_COPY"):  # `lorafb cost` asks which study its arguments mean
    reading.write(study, Path(copy))

plan = Plan(study, ROOT, FOLDERS)
display = Display(plan)
own = plan.own_metrics or any(plan.own_module(one) for one in study.subjects)  # Python files beside the config
code.let_jobs_import(*(FOLDERS if own else ()))


onstart:
    if by_hand := plan.manual_downloads():
        raise WorkflowError("\n".join(["some files must be put in their places first:", *by_hand]))
    try:
        processes.hold(Path.cwd())
    except InputError as error:
        sys.exit(str(error))  # one line, without Snakemake's frames
    clear_abandoned(Path("results"))
    reading.write(study, Path("results/config.yaml"))


onsuccess:
    terminal.stop(logger)
    times.print_run(Path("results"), processes.held_since(Path.cwd()))
    times.print_remarks(Path("results"), study.recorded)
    for line in plan.silent_layers():
        print(f"warning: {line}")
    print("Done. results/README.md of the repository says what each file is; begin with results/report.html.")


onerror:
    terminal.stop(logger)
    times.print_reasons(Path("results"), processes.held_since(Path.cwd()))


def at_attempt(resource):
    """A resource that a first attempt gets once, a second one twice."""
    return lambda wildcards, attempt: resource.evaluate(wildcards).value * attempt


wildcard_constraints:
    figure=one_of(display.figures),
    table=one_of(display.tables),
    movie=one_of(study.stimuli),
    experiment=one_of(PERTURBATIONS),
    window=r"\d+",
    subject=one_of(study.subjects),
    asset=one_of(map(re.escape, plan.missing_assets)),
    area=one_of(plan.all_areas),
    session=r"\d+",
    part=r"\d+",
    set=one_of(study.training_sets),
