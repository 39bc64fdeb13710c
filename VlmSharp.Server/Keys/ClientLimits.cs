using System.Collections.Concurrent;
using VlmSharp.Server.Errors;

namespace VlmSharp.Server.Keys;

/// <summary>
/// Limits each client to its share. A client's rate is a token bucket: it fills with <c>requests a minute / 60</c> tokens a second up to
/// the burst, and a request takes one. A refused request takes none. Clients are names of keys, so there are no more buckets than names.
/// </summary>
internal sealed class ClientLimits
{
    private readonly ClientLimitOptions options;
    private readonly TimeProvider clock;
    private readonly double burst, tokensPerSecond;
    private readonly ConcurrentDictionary<string, Client> clients = new(StringComparer.Ordinal);

    /// <summary>Makes the limits.</summary>
    /// <param name="options">How much each may.</param>
    /// <param name="clock">The system's when null.</param>
    /// <exception cref="ArgumentOutOfRangeException">A limit is below 1.</exception>
    public ClientLimits(ClientLimitOptions options, TimeProvider? clock = null)
    {
        (this.options, this.clock) = (options, clock ?? TimeProvider.System);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxRequestsAtOnce ?? 1, 1, nameof(options.MaxRequestsAtOnce));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.RequestsPerMinute ?? 1, 1, nameof(options.RequestsPerMinute));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Burst ?? 1, 1, nameof(options.Burst));
        tokensPerSecond = (options.RequestsPerMinute ?? 0) / 60.0;
        burst = options.Burst ?? options.RequestsPerMinute ?? 0;
    }

    /// <summary>Begins a request.</summary>
    /// <param name="client">Whose it is.</param>
    /// <returns>To be disposed of when the request ends.</returns>
    /// <exception cref="ApiException">429, with the time after which another try can succeed.</exception>
    public IDisposable Enter(string client)
    {
        Client state = clients.GetOrAdd(client, _ => new Client { Tokens = burst, Filled = clock.GetTimestamp() });
        lock (state)
        {
            if (state.Running >= options.MaxRequestsAtOnce)
                throw Refused($"This API key has {state.Running} requests under way, its limit", TimeSpan.FromSeconds(1));
            if (options.RequestsPerMinute is { } perMinute)
            {
                long now = clock.GetTimestamp();
                state.Tokens = Math.Min(burst, state.Tokens + clock.GetElapsedTime(state.Filled, now).TotalSeconds * tokensPerSecond);
                state.Filled = now;
                if (state.Tokens < 1)
                {
                    throw Refused(
                        $"This API key has used its {perMinute} requests a minute",
                        TimeSpan.FromSeconds((1 - state.Tokens) / tokensPerSecond));
                }
                state.Tokens--;
            }
            state.Running++;
        }
        return new Visit(state);
    }

    private static ApiException Refused(string what, TimeSpan retryAfter) =>
        new(429, "rate_limit_error", "rate_limit_exceeded", $"{what}; try again later.", retryAfter: retryAfter);

    private sealed class Client
    {
        public int Running { get; set; }

        public double Tokens { get; set; }

        /// <summary>When the tokens were last brought up to date.</summary>
        public long Filled { get; set; }
    }

    private sealed class Visit(Client client) : IDisposable
    {
        private bool ended;

        public void Dispose()
        {
            lock (client)
            {
                if (ended) return;
                ended = true;
                client.Running--;
            }
        }
    }
}
