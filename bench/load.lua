-- What wrk asks for: wrk -s load.lua URL -- KIND NAME=VALUE ...
--
-- Every request picks a token at random, and so a project; tokens, projects and days are named by numbers
-- (data.py), so nothing has to be read from a file. KIND:
--
--   page   `days` days from a random first day: `projects` * (`range` - `days`) different pages
--   again  the last `days` days before `end`: a page for each of a few projects
--   none   a token that does not exist
--   fixed  the target as it is given
--
-- With `beyond`, each is the first page of a range that is up to so many days longer, so that there are as many more
-- pages with the same rows.
--
-- With `rate`, so many requests a second are due, at moments that do not wait for any answer: the distances between them
-- are random (a Poisson process). Each is sent by a connection that is free. One that has none for more than a millisecond
-- is late, and counted as such, as its wait is in no latency that wrk tells.
--
-- `kpi` is the endpoint, or "any"; an `etag` for each project of kind "again" makes the request conditional.

local SECONDS_PER_DAY = 86400
local KPIS = {"analytics/%s/messages/daily", "dashboard/%s/chats/count", "dashboard/%s/users/unique-daily",
              "dashboard/%s/csat/daily", "dashboard/%s/ai_quality/daily", "dashboard/%s/errors/daily"}
local threads = {}
local random, floor, log, max = math.random, math.floor, math.log, math.max
local ffi = require("ffi")
ffi.cdef "struct moment { long s, ns; }; int clock_gettime(int clock, struct moment *now);"

function setup(thread)
    threads[#threads + 1] = thread
    thread:set("number", #threads)
end

-- Milliseconds of a clock that only goes forward.
local clock = ffi.new("struct moment")
local function now()
    ffi.C.clock_gettime(1, clock) -- CLOCK_MONOTONIC
    return tonumber(clock.s) * 1e3 + tonumber(clock.ns) / 1e6
end

-- Gives wrk the wait before each request: it asks for one where there is such a function.
local function pace(per_second)
    local due
    late = 0
    function delay()
        local moment = now()
        due = (due or moment) - log(1 - random()) * 1000 / per_second
        if due < moment - 1 then late = late + 1 end
        return max(0, floor(due - moment + 0.5))
    end
end

function init(args)
    kind = args[1]
    local value, etags = {}, {}
    for i = 2, #args do
        local name, text = args[i]:match("^(%w+)=(.*)$")
        if name == "etag" then etags[#etags + 1] = text else value[name] = tonumber(text) or text end
    end
    math.randomseed(value.seed * 8 + number)
    if value.rate then pace(value.rate / value.threads) end

    local days = {}
    local beyond = value.beyond or 0
    for i = 0, value.range + 1 + beyond do
        days[i] = os.date("!%Y-%m-%d", value.start + i * SECONDS_PER_DAY)
    end
    local function target(project, first)
        local kpi = value.kpi == "any" and KPIS[random(6)] or value.kpi
        local last = first + value.days + random(0, beyond)
        return "/rest/" .. kpi:format("p" .. project) .. "?from=" .. days[first] .. "&to=" .. days[last] .. "&limit="
            .. value.days
    end

    local TAIL = " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " .. value.prefix
    function request()
        if kind == "fixed" then
            return "GET " .. value.target .. TAIL .. value.token .. "\r\n\r\n"
        end
        local i = random(0, value.tokens - 1)
        local place = floor(i / value.each)
        local first = kind == "again" and value.first or random(0, value.range - value.days)
        local token = kind == "none" and random(1e9, 2e9) or value.token + i
        local condition = etags[place + 1] and "\r\nIf-None-Match: " .. etags[place + 1] or ""
        return "GET " .. target(value.project + place, first) .. TAIL .. ("%d"):format(token) .. condition .. "\r\n\r\n"
    end
end

function done(summary, latency, requests)
    local errors, late = summary.errors, 0
    for _, thread in ipairs(threads) do late = late + (thread:get("late") or 0) end
    io.write(("result %d %d %d %d %d %d %d %d %d\n"):format(summary.requests, summary.duration, summary.bytes,
        errors.status, errors.connect + errors.read + errors.write, errors.timeout,
        latency:percentile(50), latency:percentile(99), late))
end
