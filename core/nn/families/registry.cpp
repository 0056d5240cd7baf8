#include "core/nn/families/registry.h"

namespace graft {

const std::vector<Family>& families() {
    static const std::vector<Family> all = [] {
        std::vector<Family> list;
        const auto add = [&list](std::vector<Family> more) {
            std::move(more.begin(), more.end(), std::back_inserter(list));
        };
        add(smallCnnFamilies());
        add(graftNanoFamilies());
        add(squeezenetFamilies());
        add(mobilenetV2Families());
        add(mobilenetV3Families());
        add(efficientnetFamilies());
        add(resnetFamilies());
        add(deepResnetFamilies());
        add(convnextFamilies());
        add(densenetFamilies());
        add(vggFamilies());
        add(vitFamilies());
        add(swinFamilies());
        add(regnetFamilies());
        add(shufflenetV2Families());
        add(mnasnetFamilies());
        add(googlenetFamilies());
        add(inceptionV3Families());
        add(alexnetFamilies());
        add(cifarResnetFamilies());
        return list;
    }();
    return all;
}

const Family* findFamily(const std::string& id) {
    for (const Family& family : families()) {
        if (family.info.id == id) {
            return &family;
        }
    }
    return nullptr;
}

Result<const Family*> requireFamily(const std::string& id) {
    if (const Family* family = findFamily(id)) {
        return family;
    }
    std::string known;
    for (const Family& family : families()) {
        known += (known.empty() ? "" : ", ") + family.info.id;
    }
    return Error{ErrorCode::InvalidArgument,
                 "There is no backbone \"" + id + "\".",
                 {},
                 "Choose one of: " + known + "."};
}

}  // namespace graft
