"""The commands that list what there is."""

from published_files import lorafb

from lorafb.networks import catalogue


def test_every_network_is_listed_in_a_line(capsys):
    assert lorafb(".", ["networks"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(catalogue.names())


def test_the_layers_of_a_network_are_listed_in_their_order_the_classifier_apart(capsys):
    assert lorafb(".", ["layers", "lorafb_snet18"]) == 0
    *scored, classifier = capsys.readouterr().out.splitlines()
    assert [line.split() for line in scored] == [
        [str(i), name] for i, name in enumerate(catalogue.network("lorafb_snet18").scored)
    ]
    assert classifier == "  - fc (the classifier, not scored)"


def test_an_unknown_network_is_one_line_with_the_nearest(capsys):
    assert lorafb(".", ["layers", "lorafb_snet81"]) == 2
    assert capsys.readouterr().err == "lorafb layers: unknown network 'lorafb_snet81'; did you mean 'lorafb_snet18'?\n"


def test_an_unknown_command_is_one_line(capsys):
    assert lorafb(".", ["similarly"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("lorafb: argument COMMAND: invalid choice: 'similarly'")
    assert said.count("\n") == 1
