-- The access phase of a request: token, whitelist, policy. Sets the variables of the identity headers.

local jwt = require("jwt")
local policy = require("policy")
local whitelist = require("whitelist")

local var = ngx.var
local get_method = ngx.req.get_method
local sub = string.sub

local socket = string.gsub(os.getenv("REDIS_URL"), "^unix://", "unix:")
local verify = jwt.verifier({
  public_key = os.getenv("PUBLIC_KEY"),
  issuer = os.getenv("ISSUER"),
  audience = os.getenv("AUDIENCE"),
})

local gate = {}

function gate.check()
  local authorization = var.http_authorization
  if not authorization or sub(authorization, 1, 7) ~= "Bearer " then return ngx.exit(401) end
  local claims = verify(sub(authorization, 8))
  if not claims then return ngx.exit(401) end
  local role, status = whitelist.role_of(socket, claims)
  if not role then return ngx.exit(status) end
  if not policy.allows(role, get_method(), var.uri) then return ngx.exit(403) end
  var.user_id = claims.sub
  var.session_id = claims.sid
  var.role = role
end

return gate
