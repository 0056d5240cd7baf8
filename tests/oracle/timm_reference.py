"""Pooled features of timm's networks, for files with timm's names.

timm_reference.py MODEL WEIGHTS OUT SIZE
"""
import sys

try:
    import timm
    import torch
except ImportError as fault:
    print(fault, file=sys.stderr)
    sys.exit(77)

import simple_safetensors
from backbone_reference import bring_to_life, numpy_of, pictures


class Pooled(torch.nn.Module):
    """The network without its classifier."""

    def __init__(self, name, size):
        super().__init__()
        options = {"img_size": size} if name.startswith("vit") else {}
        self.model = timm.create_model(name, num_classes=10, **options)

    def forward(self, x):
        if hasattr(self.model, "pre_logits"):
            return self.model.features(x).mean((2, 3))
        features = self.model.forward_features(x)
        if isinstance(self.model, timm.models.ConvNeXt):
            return self.model.forward_head(features, pre_logits=True)
        return features[:, 0] if features.dim() == 3 else features.mean((2, 3))


def main(name, weights, out, size):
    torch.manual_seed(5)
    network = Pooled(name, size)
    x = pictures(2, size)
    bring_to_life(network, x)
    with torch.no_grad():
        for parameter_name, parameter in network.named_parameters():
            if parameter_name.endswith(("cls_token", "pos_embed")):
                parameter.normal_(0, 0.5)
            if parameter_name.endswith("gamma"):
                parameter.uniform_(0.1, 0.5)
        state = {key: value.clone() for key, value in network.model.state_dict().items()}
        # So that what is compared is the network and not the rounding of one machine.
        pooled = network.double()(x.double())
    for key in [key for key in state if key.startswith("pre_logits.")]:
        state[key] = torch.zeros(7, 2)  # half a gigabyte that is left out anyway
    simple_safetensors.write(weights, numpy_of(state))
    simple_safetensors.write(out, numpy_of({"input": x, "pooled": pooled}))


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]))
