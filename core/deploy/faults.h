// The text of an exception from LibTorch without its stack of addresses. Includes torch; private
// to core/deploy. Thread: any.
#pragma once

#include <c10/util/Exception.h>

#include <exception>
#include <string>

namespace graft {

inline std::string faultText(const std::exception& fault) {
    const auto* torchFault = dynamic_cast<const c10::Error*>(&fault);
    return torchFault != nullptr ? torchFault->what_without_backtrace() : fault.what();
}

}  // namespace graft
