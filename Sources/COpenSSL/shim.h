// OpenSSL 3 as it is. Below it: only what Swift cannot import (macros), each under its C name behind `shim_`.
#ifndef WAXWING_COPENSSL_SHIM_H
#define WAXWING_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// Macros over SSL_ctrl and SSL_CTX_ctrl: they cast, which Swift does not import.

static inline long shim_SSL_set_tlsext_host_name(SSL *ssl, const char *name) {
    return SSL_set_tlsext_host_name(ssl, name);
}

static inline long shim_SSL_get_extms_support(SSL *ssl) {
    return SSL_get_extms_support(ssl);
}

static inline int shim_SSL_CTX_set_min_proto_version(SSL_CTX *context, int version) {
    return SSL_CTX_set_min_proto_version(context, version);
}

static inline int shim_SSL_CTX_set_max_proto_version(SSL_CTX *context, int version) {
    return SSL_CTX_set_max_proto_version(context, version);
}

static inline long shim_SSL_CTX_set_mode(SSL_CTX *context, long mode) {
    return SSL_CTX_set_mode(context, mode);
}

static inline long shim_SSL_CTX_set_max_cert_list(SSL_CTX *context, long octets) {
    return SSL_CTX_set_max_cert_list(context, octets);
}

static inline long shim_SSL_CTX_set_session_cache_mode(SSL_CTX *context, long mode) {
    return SSL_CTX_set_session_cache_mode(context, mode);
}

static inline long shim_SSL_CTX_set1_verify_cert_store(SSL_CTX *context, X509_STORE *store) {
    return SSL_CTX_set1_verify_cert_store(context, store);
}

static inline int shim_SSL_set_min_proto_version(SSL *ssl, int version) {
    return SSL_set_min_proto_version(ssl, version);
}

static inline STACK_OF(X509) *shim_SSL_CTX_get0_chain_certs(SSL_CTX *context) {
    STACK_OF(X509) *chain = NULL;
    return SSL_CTX_get0_chain_certs(context, &chain) == 1 ? chain : NULL;
}

// The name of the key exchange's group, as the group's provider spells it. OpenSSL 3.2 has a function for it.
static inline const char *shim_SSL_get0_group_name(SSL *ssl) {
#if OPENSSL_VERSION_PREREQ(3, 2)
    return SSL_get0_group_name(ssl);
#else
    int group = (int)SSL_get_negotiated_group(ssl);
    return group == NID_undef ? NULL : SSL_group_to_name(ssl, group);
#endif
}

// Expressions of other macros, which Swift does not import either.

// No compression (CRIME), no renegotiation (CVE-2009-3555).
static const uint64_t shim_options = SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION;

// Options a distribution's openssl.cnf may have set and that are taken back: renegotiation_info is demanded of servers,
// and an end of data without close_notify stays visible.
static const uint64_t shim_options_cleared =
    SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF;

static const uint64_t shim_server_options = SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA;

static const uint64_t shim_options_no_ticket = SSL_OP_NO_TICKET;

static const long shim_modes =
    SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS;

static const long shim_client_cache_mode = SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL;

// One line, UTF-8 as it is, controls escaped.
static const unsigned long shim_name_flags = XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB;

#endif
