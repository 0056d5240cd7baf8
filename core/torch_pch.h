// The one precompiled header of the files that include LibTorch (a torch file compiles in half the
// time with it). Only third-party and standard headers: ours would rebuild everything.
#pragma once

#include <torch/torch.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>
