// The list of all families. Includes torch; private to core/nn. Thread: any.
#pragma once

#include "core/nn/network.h"

namespace graft {

/// Built once, in the order of the catalog.
const std::vector<Family>& families();
/// Null where there is none.
const Family* findFamily(const std::string& id);
/// Error InvalidArgument names the known ones.
Result<const Family*> requireFamily(const std::string& id);

std::vector<Family> mobilenetV2Families();
std::vector<Family> resnetFamilies();
std::vector<Family> smallCnnFamilies();
std::vector<Family> squeezenetFamilies();

}  // namespace graft
