namespace VlmSharp.Hub;

/// <summary>The wait before a retry: the response's Retry-After, otherwise twice as long each time.</summary>
internal static class RetryAfter
{
    /// <summary>The longest accepted wait: if the server asks for a longer one, the request fails and the message says so.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    private const int MostDoublings = 5;

    /// <summary>The wait that a response asks for, or null.</summary>
    public static TimeSpan? Of(HttpResponseMessage answer) => answer.Headers.RetryAfter switch
    {
        { Delta: { } wait } => wait,
        { Date: { } date } => date > DateTimeOffset.UtcNow ? date - DateTimeOffset.UtcNow : TimeSpan.Zero,
        _ => null,
    };

    /// <summary>The wait before a retry: doubled each time, with half of it random, so that clients do not all return at once.</summary>
    /// <param name="first">The first wait.</param>
    /// <param name="failures">Number of failures so far, from 1.</param>
    /// <returns>From half to the whole of the doubled wait.</returns>
    public static TimeSpan Doubled(TimeSpan first, int failures) =>
        first * (1 << Math.Min(failures - 1, MostDoublings)) * (0.5 + (Random.Shared.NextDouble() / 2));
}
