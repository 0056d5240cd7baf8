// What a weight file's metadata says about its input, and what follows for a model. Free of torch,
// separate because catalog, classifier and weight check must choose alike. Private to core/nn.
// Thread: any.
#pragma once

#include "core/nn/model_spec.h"

namespace graft {

inline constexpr const char* kPaddingAuto = "auto";
inline constexpr const char* kPaddingSymmetric = "symmetric";
inline constexpr const char* kPaddingTfSame = "tf-same";

using FileMetadata = std::map<std::string, std::string>;

/// What is known of a file: its own metadata and, where that says nothing of the input, what the
/// catalogue of published weights says of the file with this SHA-256.
FileMetadata knownMetadata(FileMetadata own, const std::string& sha256);

/// The backbone's own: its default size, ImageNet's mean and std.
Preprocess defaultPreprocess(const BackboneInfo& backbone);

/// As the file asks for, else the default. What cannot be understood is named in `notes`.
Preprocess filePreprocess(const BackboneInfo& backbone, const FileMetadata& metadata,
                          std::vector<std::string>* notes);

/// `base` at another size; 0 keeps it. Error InvalidArgument outside what the backbone takes.
Result<Preprocess> atImageSize(const BackboneInfo& backbone, Preprocess base, int imageSize);

/// "symmetric" or "tf-same" from the wish and the file. Error InvalidArgument for another wish.
Result<std::string> choosePadding(const std::string& wish, const FileMetadata& metadata);

}  // namespace graft
