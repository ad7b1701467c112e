-- The rules of the benchmark (bench/setup/shared-setup.ts): which scope a request needs, and which roles have it. Without a rule it is denied.

local policy = {}

-- In this product every role includes the scopes of the one before it, and the least one has both.
local SCOPES = { ["accounts:read"] = true, ["transfers:write"] = true }
local SCOPES_OF_ROLE = { user = SCOPES, supervisor = SCOPES, admin = SCOPES, ["super-admin"] = SCOPES }

local RULES = {
  { "GET", "^/bank/accounts/[^/]+$", "accounts:read" },
  { "GET", "^/bank/accounts/[^/]+/transactions$", "accounts:read" },
  { "GET", "^/bank/accounts/[^/]+/transactions/search$", "accounts:read" },
  { "GET", "^/bank/accounts/[^/]+/balance$", "accounts:read" },
  { "GET", "^/bank/accounts/[^/]+/spenders$", "accounts:read" },
  { "GET", "^/bank/accounts/[^/]+/stream$", "accounts:read" },
  { "POST", "^/bank/accounts/[^/]+/transfers$", "transfers:write" },
  { "POST", "^/bank/messages$", "transfers:write" },
}

local function scope_for(method, path)
  if method == "HEAD" then method = "GET" end
  if method == "GET" and path == "/bank/accounts" then return "accounts:read" end
  for i = 1, #RULES do
    local rule = RULES[i]
    if rule[1] == method and string.find(path, rule[2]) then return rule[3] end
  end
end

function policy.allows(role, method, path)
  local scope = scope_for(method, path)
  local scopes = SCOPES_OF_ROLE[role]
  return scope ~= nil and scopes ~= nil and scopes[scope] == true
end

return policy
