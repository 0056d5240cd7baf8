#include "core/nn/network.h"

#include "core/base/rng.h"
#include "core/nn/fast/ops.h"

#include <ATen/CPUGeneratorImpl.h>

namespace graft {

Network::Network(const Family& family, const NetworkOptions& options)
    : m_family(family), m_tfSame(options.tfSame && family.knowsTfSame) {
    BuildOptions build;
    build.tfSame = m_tfSame;
    build.originalClasses = options.head == HeadKind::Original ? options.classCount : 0;
    build.imageSize = options.imageSize > 0 ? options.imageSize : family.info.defaultImageSize;
    m_body = family.build(*this, build);
    if (options.head == HeadKind::Replaced) {
        m_head =
            register_module("head", std::make_shared<Head>(m_body.channels, options.classCount));
    }
}

void Network::initialise(std::uint64_t seed) {
    // Two streams: the backbone's start does not depend on the number of classes.
    at::Generator body = at::detail::createCPUGenerator(streamSeed("backbone-weights", {seed}));
    for (const auto& child : modules(/*include_self=*/false)) {
        if (auto* conv = child->as<Conv>()) {
            m_family.initConv(*conv, body);
        } else if (m_family.initRest && child != m_head) {
            m_family.initRest(*child, body);
        }
    }
    if (m_head) {
        at::Generator head = at::detail::createCPUGenerator(streamSeed("head-weights", {seed}));
        initLinear(*m_head, head);
    }
}

torch::Tensor Network::runStages(torch::Tensor x, std::size_t first, std::size_t last) const {
    for (std::size_t i = first; i < last; ++i) {
        x = m_body.stages[i].run(x);
    }
    return x;
}

torch::Tensor meanOverPicture(const torch::Tensor& features) {
    if (fast::takes(features)) {
        return fast::meanOverPicture(features);
    }
    return features.mean({2, 3});
}

torch::Tensor Network::pool(const torch::Tensor& features) const {
    const torch::Tensor pooled =
        m_body.pool.run ? m_body.pool.run(features) : meanOverPicture(features);
    return fast::takes(pooled) ? pooled.to(torch::kFloat32) : pooled;
}

std::optional<std::size_t> Network::stageNamed(const std::string& name) const {
    const auto alias = m_family.aliases.find(name);
    const std::string& wanted = alias == m_family.aliases.end() ? name : alias->second;
    for (std::size_t i = 0; i < m_body.stages.size(); ++i) {
        if (m_body.stages[i].node == wanted || m_body.stages[i].path == wanted) {
            return i;
        }
    }
    return std::nullopt;
}

void Network::setGenerator(const at::Generator& generator) {
    for (const auto& child : modules(/*include_self=*/false)) {
        if (auto* drop = child->as<DropPath>()) {
            drop->setGenerator(generator);
        }
    }
}

torch::Tensor Network::classify(const torch::Tensor& features) const {
    return m_head ? m_head->forward(pool(features)) : m_body.originalHead(features);
}

}  // namespace graft
