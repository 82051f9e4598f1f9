"""Which input sizes a network takes, and what its outputs are for each of them.

    sets.py       sets of sizes: regular from some number on
    forms.py      sizes as functions of one size of the input
    symbols.py    integers that carry their function, and note what is asked of them
    passing.py    one run over the network with such integers
    legal.py      runs for all sizes, put together: `sizes_of`
    words.py      sets and functions as people write them

It speaks of the model that was built at the declared size: what the text decided there stays
decided. Knows no layer by name: `Layer.shape` computes with these integers as with others.
"""
