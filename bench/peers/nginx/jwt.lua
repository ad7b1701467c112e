-- Verifies access tokens (RFC 9068) with one pinned algorithm and one key.

local cjson = require("cjson.safe")
local decode_base64url = require("ngx.base64").decode_base64url
local pss = require("pss")
local find, sub, type = string.find, string.sub, type
local now = ngx.time

local jwt = {}

local function is_header(part)
  local header = cjson.decode(decode_base64url(part) or "")
  return type(header) == "table" and header.alg == "PS256" and header.typ == "at+jwt" and header.crit == nil
end

local function is_text(value)
  return type(value) == "string" and value ~= ""
end

-- Returns `verify(token)`, which returns the claims of a token, or nil.
function jwt.verifier(options)
  local is_signed = pss.verifier(options.public_key)
  local issuer, audience = options.issuer, options.audience
  -- All tokens of one key have the same header: the last good one is not decoded again.
  local known_header

  local function are_valid(claims)
    return type(claims) == "table"
      and claims.iss == issuer
      and claims.aud == audience
      and type(claims.exp) == "number"
      and claims.exp > now()
      and type(claims.iat) == "number"
      and is_text(claims.sub)
      and is_text(claims.sid)
      and is_text(claims.jti)
  end

  return function(token)
    local header_end = find(token, ".", 1, true)
    local payload_end = header_end and find(token, ".", header_end + 1, true)
    if not payload_end then return nil end
    local header = sub(token, 1, header_end - 1)
    if header ~= known_header then
      if not is_header(header) then return nil end
      known_header = header
    end
    local signature = decode_base64url(sub(token, payload_end + 1))
    if not signature or not is_signed(sub(token, 1, payload_end - 1), signature) then return nil end
    local payload = decode_base64url(sub(token, header_end + 1, payload_end - 1))
    local claims = payload and cjson.decode(payload)
    return are_valid(claims) and claims or nil
  end
end

return jwt
