"""emlib-plot: arguments, and from the files to the pictures."""
import argparse
import os
import sys
import textwrap

from . import comparison, confusion, convergence, individuals, look, output, parameters, prediction, recovery, shrinkage
from .choice import Choice
from .problem import Problem

KINDS = (parameters, comparison, convergence, recovery, confusion, shrinkage, prediction, individuals)


class Parser(argparse.ArgumentParser):
    """Bad usage ends as any other problem, with a word about --help; help has lines of at most 100 characters."""

    def __init__(self, *, description, example, **options):
        super().__init__(description="\n".join(textwrap.wrap(description, 98)), epilog="Example:\n  " + example.replace("; ", "\n  "),
                         formatter_class=self._formatter, allow_abbrev=False, **options)

    @staticmethod
    def _formatter(prog):
        return argparse.RawDescriptionHelpFormatter(prog, width=98)

    def error(self, message):
        raise Problem(f"{message}; see '{self.prog} --help'")


def _list(text):
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise argparse.ArgumentTypeError("expected names with commas between")
    return names


def _millimetres(text):
    try:
        size = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of millimetres") from None
    if not look.LEAST <= size <= look.MOST:
        raise argparse.ArgumentTypeError(f"{text} is not between {look.LEAST:g} and {look.MOST:g} millimetres")
    return size


def _arguments():
    top = Parser(prog="emlib-plot", description="Pictures of emlib's fits and tables, for papers and to look at. 'emlib-plot KIND --help' "
                 "tells more and has an example.", example=parameters.EXAMPLE)
    kinds = top.add_subparsers(dest="kind", metavar="KIND", required=True, parser_class=Parser)
    for kind in KINDS:
        parser = kinds.add_parser(kind.NAME, help=kind.ABOUT.replace("%", "%%"), prog=f"emlib-plot {kind.NAME}",
                                  description=kind.ABOUT[0].upper() + kind.ABOUT[1:] + ".", example=kind.EXAMPLE)
        parser.add_argument("files", nargs="+", metavar="FILE", help=kind.FILES)
        parser.add_argument("-o", "--output", action="append", required=True, metavar="PICTURE",
                            help="a .png, .svg or .pdf file; give it several times for several formats")
        parser.add_argument("-f", "--force", action="store_true", help="replace pictures that exist")
        parser.add_argument("--title", help="a line above the picture")
        parser.add_argument("--width", type=_millimetres, metavar="MM", help=f"width in millimetres (default {look.WIDTH:g})")
        parser.add_argument("--height", type=_millimetres, metavar="MM", help="height in millimetres (default: what the picture needs)")
        if "subjects" in kind.OPTIONS:
            parser.add_argument("--subjects", type=_list, default=[], metavar="ID,...", help=f"these subjects {kind.SUBJECTS}")
        if "parameters" in kind.OPTIONS:
            parser.add_argument("--parameters", type=_list, default=[], metavar="NAME,...", help="only these parameters")
        if "scale" in kind.OPTIONS:
            parser.add_argument("--scale", choices=("natural", "unconstrained"),
                                help="the model's own scale, or the one on which the group is Gaussian")
        if hasattr(kind, "extra"):
            kind.extra(parser)
        parser.set_defaults(module=kind)
    return top


def _check(options):
    wanted = options.module.FILES.split()
    if "..." not in options.module.FILES and len(options.files) != len(wanted):
        raise Problem(f"'emlib-plot {options.kind}' takes {options.module.FILES}, not {len(options.files)} "
                      f"file{'s' * (len(options.files) != 1)}")
    for path in options.output:
        if os.path.splitext(path)[1].lower()[1:] not in look.FORMATS:
            raise Problem(f"{path}: pictures are .png, .svg or .pdf files")
    for path in options.output:
        if any(os.path.abspath(path) == os.path.abspath(source) for source in options.files):
            raise Problem(f"{path} is an input, too")
    output.check_free(options.output, options.force)


def picture(options, choice, formats):
    """The picture in each format, and whether the font lacks characters."""
    module = options.module
    source = module.read(options.files, options) if hasattr(module, "extra") else module.read(options.files)
    with look.style():
        figure = module.draw(source, choice)
        look.settle(figure)
        return [look.render(figure, kind) for kind in formats]


def main(arguments=None):
    try:
        options = _arguments().parse_args(arguments)
        _check(options)
        choice = Choice(options.title, options.width, options.height, getattr(options, "subjects", []),
                        getattr(options, "parameters", []), getattr(options, "scale", None))
        formats = [os.path.splitext(path)[1].lower()[1:] for path in options.output]
        pictures = picture(options, choice, formats)
        output.write_all({path: content for path, (content, _) in zip(options.output, pictures)}, options.force)
        if any(missing for _, missing in pictures):
            print("emlib-plot: warning: the font lacks characters of some names; boxes stand for them", file=sys.stderr)
        return 0
    except Problem as problem:
        print(f"emlib-plot: {problem}", file=sys.stderr)
        return problem.status
    except MemoryError:
        print("emlib-plot: out of memory", file=sys.stderr)
        return 1
