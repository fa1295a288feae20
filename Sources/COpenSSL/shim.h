// OpenSSL 3 as it is. Below it: only what Swift cannot import (macros), each with its reason.
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

#endif
