namespace VlmSharp.Hub;

/// <summary>When to ask again: what the answer's Retry-After says, else twice as long each time.</summary>
internal static class RetryAfter
{
    /// <summary>Who is told to wait longer gives up instead, and says so.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    private const int MostDoublings = 5;

    /// <summary>What an answer says, or null.</summary>
    public static TimeSpan? Of(HttpResponseMessage answer) => answer.Headers.RetryAfter switch
    {
        { Delta: { } wait } => wait,
        { Date: { } date } => date > DateTimeOffset.UtcNow ? date - DateTimeOffset.UtcNow : TimeSpan.Zero,
        _ => null,
    };

    /// <summary>The wait before a retry: doubled each time, and a random half of it, so that not all who were turned away come back at once.</summary>
    /// <param name="first">The first wait.</param>
    /// <param name="failures">How often it has failed, from 1.</param>
    /// <returns>The wait.</returns>
    public static TimeSpan Doubled(TimeSpan first, int failures) =>
        first * (1 << Math.Min(failures - 1, MostDoublings)) * (0.5 + (Random.Shared.NextDouble() / 2));
}
