/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether this is a build with AddressSanitizer, in which programs are many times slower: 1 or 0.
 * It looks at the code and not at its luck, so fewer runs are enough there.
 */
#ifndef TESTS_SUPPORT_SANITIZED_H
#define TESTS_SUPPORT_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) /* gcc */
#define SANITIZED 1
#elif defined(__has_feature) /* clang */
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif
