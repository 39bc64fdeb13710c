using VlmSharp.Server.Errors;
using VlmSharp.Server.Keys;

namespace VlmSharp.Server.Tests.Keys;

/// <summary>The limits of one client.</summary>
public class ClientLimitsTests
{
    private readonly ManualClock clock = new();

    [Fact]
    public void Nothing_is_limited_by_default()
    {
        var limits = new ClientLimits(new ClientLimitOptions(), clock);
        for (int i = 0; i < 10_000; i++) limits.Enter("alice");
    }

    [Fact]
    public void The_running_requests_of_a_client_are_limited_and_those_of_others_do_not_count()
    {
        var limits = new ClientLimits(new ClientLimitOptions { MaxRequestsAtOnce = 2 }, clock);
        IDisposable one = limits.Enter("alice"), two = limits.Enter("alice");
        ApiException e = Assert.Throws<ApiException>(() => limits.Enter("alice"));
        Assert.Equal((429, "rate_limit_error", "rate_limit_exceeded"), (e.Status, e.Type, e.Code));
        Assert.True(e.RetryAfter > TimeSpan.Zero);
        limits.Enter("bob");
        one.Dispose();
        one.Dispose(); // ends once
        limits.Enter("alice");
        Assert.Throws<ApiException>(() => limits.Enter("alice"));
        two.Dispose();
        limits.Enter("alice");
    }

    [Fact]
    public void The_bucket_fills_at_the_rate_up_to_the_burst()
    {
        var limits = new ClientLimits(new ClientLimitOptions { RequestsPerMinute = 30, Burst = 3 }, clock);
        Assert.Equal(3, Entered(limits, "alice"));
        Assert.Equal(3, Entered(limits, "bob"));
        clock.Advance(TimeSpan.FromSeconds(1.5)); // three quarters of a token
        ApiException e = Assert.Throws<ApiException>(() => limits.Enter("alice"));
        Assert.Equal(0.5, e.RetryAfter!.Value.TotalSeconds, 6);
        clock.Advance(e.RetryAfter.Value);
        Assert.Equal(1, Entered(limits, "alice"));
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(3, Entered(limits, "alice"));
    }

    [Fact]
    public void Over_an_hour_a_client_gets_its_rate_however_often_it_asks()
    {
        var limits = new ClientLimits(new ClientLimitOptions { RequestsPerMinute = 7 }, clock);
        int entered = 0;
        for (int second = 0; second < 3600; second++)
        {
            entered += Entered(limits, "greedy");
            clock.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.InRange(entered, 7 * 60, 7 * 60 + 7);
    }

    [Fact]
    public void A_request_that_one_limit_refuses_does_not_count_against_the_other()
    {
        var limits = new ClientLimits(new ClientLimitOptions { MaxRequestsAtOnce = 1, RequestsPerMinute = 60, Burst = 2 }, clock);
        using (limits.Enter("alice"))
        {
            for (int i = 0; i < 10; i++)
                Assert.Contains("under way", Assert.Throws<ApiException>(() => limits.Enter("alice")).Message, StringComparison.Ordinal);
        }
        limits.Enter("alice").Dispose();
        // Out of tokens now, which must not leave a request under way.
        for (int i = 0; i < 10; i++)
            Assert.Contains("a minute", Assert.Throws<ApiException>(() => limits.Enter("alice")).Message, StringComparison.Ordinal);
        clock.Advance(TimeSpan.FromSeconds(1));
        limits.Enter("alice").Dispose();
    }

    [Fact]
    public async Task Many_threads_together_get_no_more_than_the_limit()
    {
        var limits = new ClientLimits(new ClientLimitOptions { RequestsPerMinute = 100 }, clock);
        int[] counts = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Entered(limits, "alice"))));
        Assert.Equal(100, counts.Sum());
    }

    [Fact]
    public void A_limit_below_one_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ClientLimits(new ClientLimitOptions { MaxRequestsAtOnce = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ClientLimits(new ClientLimitOptions { RequestsPerMinute = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ClientLimits(new ClientLimitOptions { RequestsPerMinute = 1, Burst = 0 }));
    }

    private static int Entered(ClientLimits limits, string client)
    {
        for (int count = 0; ; count++)
        {
            try
            {
                limits.Enter(client).Dispose();
            }
            catch (ApiException)
            {
                return count;
            }
        }
    }
}
