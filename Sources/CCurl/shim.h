// libcurl as it is. Below it: what Swift cannot import, each with its reason and under its C name behind `shim_`.
#ifndef WAXWING_CCURL_SHIM_H
#define WAXWING_CCURL_SHIM_H

#include <curl/curl.h>

// curl_easy_setopt(3) is variadic: one function for each type that it takes.

static inline CURLcode shim_curl_easy_setopt_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

// libcurl copies the text.
static inline CURLcode shim_curl_easy_setopt_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

// Data for a callback, a list, a share or a buffer: all of them the caller keeps alive.
static inline CURLcode shim_curl_easy_setopt_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode shim_curl_easy_setopt_write(CURL *handle, CURLoption option, curl_write_callback value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode shim_curl_easy_setopt_read(CURL *handle, curl_read_callback value) {
    return curl_easy_setopt(handle, CURLOPT_READFUNCTION, value);
}

static inline CURLcode shim_curl_easy_setopt_ssl_context(CURL *handle, curl_ssl_ctx_callback value) {
    return curl_easy_setopt(handle, CURLOPT_SSL_CTX_FUNCTION, value);
}

static inline CURLcode shim_curl_easy_setopt_open_socket(CURL *handle, curl_opensocket_callback value) {
    return curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, value);
}

static inline CURLcode shim_curl_easy_setopt_resolver_start(CURL *handle, curl_resolver_start_callback value) {
    return curl_easy_setopt(handle, CURLOPT_RESOLVER_START_FUNCTION, value);
}

// curl_easy_getinfo(3) is variadic.
static inline CURLcode shim_curl_easy_getinfo_long(CURL *handle, CURLINFO which, long *value) {
    return curl_easy_getinfo(handle, which, value);
}

// CURLVERSION_NOW is a macro for one of the enumeration's values.
static inline curl_version_info_data *shim_curl_version_info(void) {
    return curl_version_info(CURLVERSION_NOW);
}

// curl_share_setopt(3) is variadic.
static inline CURLSHcode shim_curl_share_setopt_share(CURLSH *share, curl_lock_data what) {
    return curl_share_setopt(share, CURLSHOPT_SHARE, what);
}

#endif
