-- RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes (RFC 7518, section 3.5), by FFI to OpenSSL 3.
-- The key and the contexts are made once: a verification is one digest and one RSA operation.

local ffi = require("ffi")

ffi.cdef([[
typedef struct bio_st BIO;
typedef struct evp_pkey_st EVP_PKEY;
typedef struct evp_pkey_ctx_st EVP_PKEY_CTX;
typedef struct evp_md_st EVP_MD;
BIO *BIO_new_mem_buf(const void *buffer, int length);
int BIO_free(BIO *bio);
EVP_PKEY *PEM_read_bio_PUBKEY(BIO *bio, EVP_PKEY **key, void *callback, void *argument);
EVP_PKEY_CTX *EVP_PKEY_CTX_new_from_pkey(void *library, EVP_PKEY *key, const char *properties);
int EVP_PKEY_verify_init(EVP_PKEY_CTX *context);
int EVP_PKEY_CTX_set_rsa_padding(EVP_PKEY_CTX *context, int padding);
int EVP_PKEY_CTX_set_signature_md(EVP_PKEY_CTX *context, const EVP_MD *digest);
int EVP_PKEY_CTX_set_rsa_pss_saltlen(EVP_PKEY_CTX *context, int length);
int EVP_PKEY_CTX_set_rsa_mgf1_md(EVP_PKEY_CTX *context, const EVP_MD *digest);
int EVP_PKEY_verify(EVP_PKEY_CTX *context, const char *signature, size_t signature_length,
                    const unsigned char *digest, size_t digest_length);
EVP_MD *EVP_MD_fetch(void *library, const char *name, const char *properties);
typedef struct evp_md_ctx_st EVP_MD_CTX;
EVP_MD_CTX *EVP_MD_CTX_new(void);
int EVP_DigestInit_ex2(EVP_MD_CTX *context, const EVP_MD *digest, const void *parameters);
int EVP_DigestUpdate(EVP_MD_CTX *context, const char *data, size_t length);
int EVP_DigestFinal_ex(EVP_MD_CTX *context, unsigned char *digest, unsigned int *length);
void ERR_clear_error(void);
]])

local crypto = ffi.load("libcrypto.so.3")
local RSA_PKCS1_PSS_PADDING = 6
local DIGEST_BYTES = 32
local digest = ffi.new("unsigned char[?]", DIGEST_BYTES)

local pss = {}

-- Parses a public key. Returns `verify(signed, signature)`.
function pss.verifier(pem)
  local bio = crypto.BIO_new_mem_buf(pem, #pem)
  local key = crypto.PEM_read_bio_PUBKEY(bio, nil, nil, nil)
  crypto.BIO_free(bio)
  assert(key ~= nil, "PUBLIC_KEY is not a public key in PEM")
  local context = crypto.EVP_PKEY_CTX_new_from_pkey(nil, key, nil)
  local sha256 = crypto.EVP_MD_fetch(nil, "SHA256", nil)
  assert(crypto.EVP_PKEY_verify_init(context) == 1)
  assert(crypto.EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1)
  assert(crypto.EVP_PKEY_CTX_set_signature_md(context, sha256) == 1)
  assert(crypto.EVP_PKEY_CTX_set_rsa_pss_saltlen(context, DIGEST_BYTES) == 1)
  assert(crypto.EVP_PKEY_CTX_set_rsa_mgf1_md(context, sha256) == 1)
  local digest_context = crypto.EVP_MD_CTX_new()
  return function(signed, signature)
    crypto.EVP_DigestInit_ex2(digest_context, sha256, nil)
    crypto.EVP_DigestUpdate(digest_context, signed, #signed)
    crypto.EVP_DigestFinal_ex(digest_context, digest, nil)
    if crypto.EVP_PKEY_verify(context, signature, #signature, digest, DIGEST_BYTES) == 1 then
      return true
    end
    crypto.ERR_clear_error()
    return false
  end
end

return pss
