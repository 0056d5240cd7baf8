"""What torchvision says about its published weights, as JSON.

weight_catalogue.py BACKBONE...   {"BACKBONE": [{id, url, default, ...}, ...], ...}
"""
import json
import sys

try:
    import torchvision
except ImportError as fault:
    print(fault, file=sys.stderr)
    sys.exit(77)


def facts(backbone, weights, preferred):
    transforms = weights.transforms()
    metrics = weights.meta["_metrics"]["ImageNet-1K"]
    return {
        "id": f"{backbone}.{weights.name}",
        "url": weights.url,
        "default": weights is preferred,
        "parameters": weights.meta["num_params"],
        "top1": metrics["acc@1"],
        "top5": metrics["acc@5"],
        "resize": transforms.resize_size[0],
        "crop": transforms.crop_size[0],
        "interpolation": transforms.interpolation.value,
        "mean": transforms.mean,
        "std": transforms.std,
    }


answers = {}
for name in sys.argv[1:]:
    enum = torchvision.models.get_model_weights(name)
    answers[name] = [facts(name, weights, enum.DEFAULT) for weights in enum
                     if weights.meta["_metrics"]["ImageNet-1K"]["acc@1"] > 0]  # not a feature extractor
json.dump(answers, sys.stdout, allow_nan=False)
