-- Reads the three keys of a token from Redis with one MGET, and judges them as the gateway does.

local cjson = require("cjson.safe")
local redis = require("nginx.redis")

local TIMEOUT_MS = 900
local IDLE_MS = 60000
local POOL_SIZE = 256

local whitelist = {}

-- Returns the values of the token's whitelist entry, its session and its user, or nil and the fault.
local function read(socket, claims)
  local sub = claims.sub
  local client = redis:new()
  client:set_timeout(TIMEOUT_MS)
  local connected, fault = client:connect(socket)
  if not connected then return nil, fault end
  local values, read_fault =
    client:mget("jti:{" .. sub .. "}:" .. claims.jti, "sid:{" .. sub .. "}:" .. claims.sid, "authz:{" .. sub .. "}")
  if not values then return nil, read_fault end
  client:set_keepalive(IDLE_MS, POOL_SIZE)
  return values
end

-- Returns the role of an active user whose token and session have not been revoked, or nil and the HTTP status.
function whitelist.role_of(socket, claims)
  local values, fault = read(socket, claims)
  if not values then
    ngx.log(ngx.ERR, "Redis: ", fault)
    return nil, 503
  end
  local entry, session, authz = values[1], values[2], values[3]
  if entry == ngx.null or session == ngx.null or authz == ngx.null then return nil, 401 end
  local authorization = cjson.decode(authz)
  if type(authorization) ~= "table" or type(authorization.gen) ~= "number" then return nil, 503 end
  -- The whitelist entry is the generation of the user when the token was issued.
  if entry ~= tostring(authorization.gen) then return nil, 401 end
  return authorization.role
end

return whitelist
