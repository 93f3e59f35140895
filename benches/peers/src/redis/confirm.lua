-- Makes a live hold a booking. KEYS: the event's live holds by deadline, its bookings. ARGV: the hold, the buyer.
-- Answers 1, or 0 where the buyer has no such hold, or it has ended.
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local member = ARGV[1] .. ':' .. ARGV[2]
local deadline = redis.call('ZSCORE', KEYS[1], member)
if not deadline or tonumber(deadline) <= now_ms then return 0 end
redis.call('ZREM', KEYS[1], member)
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return 1
