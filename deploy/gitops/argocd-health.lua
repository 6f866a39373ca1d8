-- Health of a GeminiWebhook or a GeminiRoute for Argo CD, by its conditions. A status about an older generation says nothing about this one.
local health = { status = "Progressing", message = "Waiting for the controller" }
if obj.status == nil or obj.status.conditions == nil then
  return health
end
if obj.status.observedGeneration ~= nil and obj.status.observedGeneration ~= obj.metadata.generation then
  return health
end
if obj.spec.suspend and obj.metadata.deletionTimestamp == nil then
  return { status = "Suspended", message = "spec.suspend is true" }
end
local found = {}
for _, condition in ipairs(obj.status.conditions) do
  found[condition.type] = condition
end
-- With the whole installation.
if found.Stalled ~= nil and found.Stalled.reason == "Suspended" and obj.metadata.deletionTimestamp == nil then
  return { status = "Suspended", message = found.Stalled.message }
end
if found.Stalled ~= nil and found.Stalled.status == "True" then
  return { status = "Degraded", message = found.Stalled.message }
end
-- Ready keeps its last truth while something is under way.
if found.Reconciling ~= nil and found.Reconciling.status == "True" then
  return { status = "Progressing", message = found.Reconciling.message }
end
if found.Ready ~= nil then
  health.message = found.Ready.message
  if found.Ready.status == "True" then
    health.status = "Healthy"
  end
end
return health
