"""From a PyTorch module to a spec: trace, tidy, recover, prove.

    module --trace--> programs --tidy--> programs --recover--> tree --format--> text --prove--> text

A spec is handed out only if its model has the module's keys, outputs and gradients.
"""
