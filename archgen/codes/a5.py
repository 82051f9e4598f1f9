"""A5xx: files.

Beside the examples, which are called `net.arch`, lie: `folder.arch`, a folder; `enormous.arch`, of
two megabytes; `latin1.arch`, in Latin-1. Where examples are command lines, `net.arch` is committed
to the branch `main` of a git repository, and `new.arch` is not; `nets.py` has functions that make
modules of PyTorch: `tiny`, and others with a fault.
"""

from __future__ import annotations

from archgen.codes.entry import Code

_NET = """

arch net {
  input(8)
  fc = linear(10)
}
"""

ENTRIES: tuple[Code, ...] = (
    Code(
        "A501",
        "no such file",
        """
A file that was asked for, by `use` or on the command line, is not there. A quoted `use` is looked
for beside the file that it stands in, not in the current folder. The shipped libraries are named
without quotes.
""",
        'use "block/residual.arch"' + _NET,
        "use residual" + _NET,
    ),
    Code(
        "A502",
        "not a regular file",
        """
archgen reads specs from regular files only: not from folders, pipes, sockets or devices, which
could have no end. On the command line, `archgen check` takes folders, and reads the specs in them.
""",
        'use "folder.arch"  # a folder' + _NET,
        "use residual" + _NET,
    ),
    Code(
        "A503",
        "not a spec",
        """
The name of a spec ends in `.arch`. No other file is read, whoever asks: a spec from a stranger
must not be able to show parts of other files in its errors.
""",
        'use "net.txt"' + _NET,
        "use residual" + _NET,
    ),
    Code(
        "A504",
        "too large a file",
        """
A spec of more than a megabyte is not read. ResNet-152 takes half a kilobyte: what is that long
holds weights, or was made by a program that could have written a loop.
""",
        'use "enormous.arch"  # two megabytes' + _NET,
        "use residual" + _NET,
    ),
    Code(
        "A505",
        "not UTF-8",
        """
A spec is text in UTF-8, with or without a byte order mark. The place of the error is the first
byte that is not: an old encoding (save the file again as UTF-8), or no text at all.
""",
        'use "latin1.arch"  # written in Latin-1' + _NET,
        "use residual" + _NET,
    ),
    Code(
        "A506",
        "unreadable",
        """
The system refused to give the file; the message says in its words why. Permissions, a folder in
the path that is none, or a link that leads to itself.
""",
        'use "net.arch/residual.arch"  # net.arch is no folder' + _NET,
        "use residual" + _NET,
    ),
    Code(
        "A507",
        "files use one another",
        """
A file uses itself, directly or through others, so that neither could be read before the other.
Move what both need into a third file that uses neither.
""",
        'use "net.arch"  # this file' + _NET,
        "use residual" + _NET,
    ),
    Code(
        "A508",
        "not allowed as a path",
        """
A `use` names a file relative to the one that it stands in, with `/` between folders: then a
folder of specs can be moved, and a spec cannot probe the machine that reads it.
""",
        'use "/home/me/residual.arch"' + _NET,
        "use residual" + _NET,
    ),
    Code(
        "A509",
        "no such library",
        """
A `use` without quotes names one of the libraries that archgen ships. A file of your own is named
in quotes, with its ending: `use "blocks/mine.arch"`.
""",
        "use residuals" + _NET,
        "use residual" + _NET,
    ),
    Code(
        "A510",
        "a configuration that cannot be read",
        """
`archgen.toml`, or the table `[tool.archgen]` of a `pyproject.toml`, is TOML in UTF-8 and small. The
first of them from the current folder upwards holds, no further than the folder with `.git`.
""",
        '[breaking]\ncategories = ["weights", "cost"\n',
        '[breaking]\ncategories = ["weights", "cost"]\n',
    ),
    Code(
        "A511",
        "a mistake in the configuration",
        """
A setting that does not exist, or a value that it cannot have. Nothing is ignored in silence: a
setting with a wrong name would never do what it was written for. Where an `archgen.toml` and a
table `[tool.archgen]` lie in one folder, one of the two has to go.
""",
        '[breaking]\ncategory = ["weights", "cost"]\n',
        '[breaking]\ncategories = ["weights", "cost"]\n',
    ),
    Code(
        "A512",
        "no git",
        """
What a spec was at a revision (`main:net.arch`, `--against main`) is asked of git, and there is no
program of that name. Two files are compared without it.
""",
        "PATH= archgen diff main:net.arch net.arch",
        "archgen diff main:net.arch net.arch",
    ),
    Code(
        "A513",
        "git cannot answer",
        """
The current folder lies in no repository, or git refuses to read it; the message says in git's words
why. A revision is one of the repository that the current folder lies in, and needs its work tree.
""",
        "GIT_DIR=nowhere archgen diff main:net.arch net.arch",
        "archgen diff main:net.arch net.arch",
    ),
    Code(
        "A514",
        "no such revision",
        """
A revision is what git knows by that name: a branch, a tag, a commit, `HEAD~2`, `origin/main`. A
shallow clone, as most services make for a pull request, knows hardly any: fetch the branch that you
compare with (`git fetch origin main`).
""",
        "archgen diff mian:net.arch net.arch",
        "archgen diff main:net.arch net.arch",
    ),
    Code(
        "A515",
        "not in that revision",
        """
The revision has no such file: it was added or renamed since. As for git, the path behind the colon
starts at the top of the repository, or with `./` at the current folder.
""",
        "archgen diff main:new.arch new.arch  # new.arch is not committed",
        "archgen diff main:net.arch net.arch",
    ),
    Code(
        "A520",
        "a checkpoint that cannot be read",
        """
The system refused to give the file with the weights; the message says in its words why.
""",
        "archgen weights missing.safetensors net.arch",
        "archgen weights net.safetensors net.arch",
    ),
    Code(
        "A521",
        "no checkpoint",
        """
Weights are read from files of safetensors, and from files in which `torch.save` wrote a
`state_dict`. Not from a whole pickled model or TorchScript: to load those would run their code;
save `model.state_dict()` instead. Where a file of a trainer holds its weights under a name, beside
the state of its optimizer, that name is given with `--under`. A damaged file, a header of
safetensors in which tensors overlap, or a zip whose contents are far larger than the file, is
refused as well.
""",
        "archgen weights damaged.safetensors net.arch",
        "archgen weights net.safetensors net.arch",
    ),
    Code(
        "A522",
        "weights of another network",
        """
Weights are carried from an old network to a new one by what became of its layers, so they have to
be those of the old one: `archgen weights` says how they differ from it. Often the spec of a later
commit was given; the old one may be `REV:net.arch`.
""",
        "archgen transfer net.arch other.arch other.safetensors -o new.safetensors",
        "archgen transfer net.arch other.arch net.safetensors -o new.safetensors",
    ),
    Code(
        "A523",
        "weights that have none to come from",
        """
The new network has layers that the old one had not, or layers of another size. A checkpoint in
which they are missing would not load; with `--allow-new` they start as the spec says, and the
report names them. If only the channels of the input differ, `--input-channels` computes the weights
of the first convolution from the old ones.
""",
        "archgen transfer net.arch longer.arch net.safetensors -o new.safetensors",
        "archgen transfer net.arch longer.arch net.safetensors -o new.safetensors --allow-new",
    ),
    Code(
        "A524",
        "weights that do not fit",
        """
The model was to be built with weights that a strict load does not take: keys are missing or
unexpected, or tensors have other shapes or kinds of numbers. The notes are those of
`archgen weights`, which also tells about prefixes, other sizes and closer networks. Nothing is
written.
""",
        "archgen build net.arch --weights other.safetensors",
        "archgen build net.arch --weights net.safetensors",
    ),
    Code(
        "A525",
        "no such weights of torchvision",
        """
`torchvision:NAME` stands for the weights that the installed torchvision publishes under a name, as
`torchvision:ResNet50_Weights.IMAGENET1K_V2`; `torchvision.models.get_weight` knows the same names.
""",
        "archgen weights torchvision:ResNet50_Weights.IMAGENET net.arch",
        "archgen weights net.safetensors net.arch",
    ),
    Code(
        "A530",
        "no such module of Python",
        """
`py:MODULE:NAME` names a function or class that makes an `nn.Module`, or such a module itself.
MODULE is what `import` would say, with the current folder on the path; NAME may have dots.
""",
        "archgen summary py:nets:tinny --input 8",
        "archgen summary py:nets:tiny --input 8",
    ),
    Code(
        "A531",
        "the code of a module fails",
        """
What `py:MODULE:NAME` names raised an exception, or ended the program: while it was imported, while
the module was made, or while it was run on sizes of `--input` that it does not take. The place is
the innermost line that is its own.
""",
        "archgen summary py:nets:broken --input 8",
        "archgen summary py:nets:tiny --input 8",
    ),
    Code(
        "A532",
        "no nn.Module",
        """
What `py:MODULE:NAME` names was called, and what it gave is no `nn.Module`: a function of that
library that makes something else, or a class that holds a module. Name a function that gives the
module; `--arg NAME=VALUE` calls it with arguments.
""",
        "archgen summary py:nets:classes --input 8",
        "archgen summary py:nets:tiny --input 8",
    ),
    Code(
        "A533",
        "the sizes of the input are missing",
        """
A module of PyTorch does not say what it takes: `--input 3x224x224`, sizes without the batch, once
for each input of `forward` and in its order. Of two networks that are compared, a module is run on
the sizes of the other one if that is a spec.
""",
        "archgen summary py:nets:tiny",
        "archgen summary py:nets:tiny --input 8",
    ),
    Code(
        "A534",
        "a module that has no spec",
        """
A module is run, and its spec is written from what it did; the spec is given out only if its model
has the same keys, outputs and gradients. Here an operation has no form in the language, a submodule
is never run, a hook is attached, or the copy was not equal. The message names the module inside,
and the place is its line of Python. Nothing is written.
""",
        "archgen summary py:nets:forgetful --input 8",
        "archgen summary py:nets:tiny --input 8",
    ),
    Code(
        "A535",
        "a module that does not come to an end",
        """
The code of a module took longer than `--timeout` (600 seconds), or the process that ran it ended:
by the code itself, or by the system, as when memory runs out. The place is the line that was run
last.
""",
        "archgen summary py:nets:waits --input 8 --timeout 1",
        "archgen summary py:nets:tiny --input 8",
    ),
)
