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

std::vector<Family> alexnetFamilies();
std::vector<Family> cifarResnetFamilies();
std::vector<Family> convnextFamilies();
std::vector<Family> deepResnetFamilies();
std::vector<Family> densenetFamilies();
std::vector<Family> efficientnetFamilies();
std::vector<Family> googlenetFamilies();
std::vector<Family> graftNanoFamilies();
std::vector<Family> inceptionV3Families();
std::vector<Family> mnasnetFamilies();
std::vector<Family> mobilenetV2Families();
std::vector<Family> mobilenetV3Families();
std::vector<Family> regnetFamilies();
std::vector<Family> resnetFamilies();
std::vector<Family> shufflenetV2Families();
std::vector<Family> smallCnnFamilies();
std::vector<Family> squeezenetFamilies();
std::vector<Family> swinFamilies();
std::vector<Family> vggFamilies();
std::vector<Family> vitFamilies();

}  // namespace graft
