// Which of the values in a checkpoint are the weights, and under which names. Separate from how
// tensors are read. Private to core/nn/weights. Thread: any.
#pragma once

#include "core/nn/weights/torch_tensors.h"

namespace graft::torchfile {

/// What a container gives, whichever it is.
struct Content {
    std::string container;
    std::map<std::string, TensorView> tensors;
    std::map<std::string, std::string> metadata;
    std::vector<std::string> notes;
    Buffers buffers;  ///< tensors point into them
};

/// Finds the state dict in a checkpoint and reads its tensors. Errors as TensorReader::read, with
/// the name of the tensor; Unsupported for a Python object, or where nothing looks like weights.
Status readStateDict(const pickle::Graph& graph, pickle::NodeId root, TensorReader& reader,
                     Content* content);

/// Reads all tensors of the modules of a TorchScript program, by attribute path.
Status readScript(const pickle::Graph& graph, pickle::NodeId root, TensorReader& reader,
                  Content* content);

/// Reads one tensor into content->tensors, after a look at its name.
Status addTensor(const std::string& name, pickle::NodeId id, TensorReader& reader,
                 Content* content);

/// Takes off what wrappers put before all names ("module." of DataParallel, say).
void stripPrefixes(std::map<std::string, TensorView>* tensors, std::vector<std::string>* notes);

}  // namespace graft::torchfile
