using VlmSharp.Server.Errors;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Tests.Scheduling;

public sealed class AdmissionTests
{
    [Fact]
    public async Task Clients_take_turns_however_many_requests_each_has_sent()
    {
        var admission = new Admission(places: 1, queue: 100);
        var order = new List<string>();
        Place first = await admission.Arrive("x").EnterAsync(1, default);
        Task[] all = [.. new[] { "a", "a", "a", "a", "b", "c", "b" }.Select(client => EnterAsync(admission, client, order))];
        first.Dispose();
        await Task.WhenAll(all);
        Assert.Equal("abcabaa", string.Concat(order));
        Assert.Equal((0, 0), (admission.Running, admission.Waiting));
    }

    private static async Task EnterAsync(Admission admission, string client, List<string> order)
    {
        using Ticket ticket = admission.Arrive(client);
        using Place place = await ticket.EnterAsync(1, default);
        lock (order) order.Add(client);
        await Task.Yield();
    }

    [Fact]
    public async Task A_request_is_alone_without_another_that_waits_or_has_a_place()
    {
        var admission = new Admission(places: 2, queue: 2);
        using Ticket own = admission.Arrive("a");
        Assert.True(admission.HasNoOther);
        Ticket other = admission.Arrive("a");
        Assert.False(admission.HasNoOther);
        Place place = await other.EnterAsync(1, default);
        Assert.False(admission.HasNoOther);
        place.Dispose();
        other.Dispose();
        Assert.True(admission.HasNoOther);
    }

    [Fact]
    public async Task A_request_to_a_full_queue_is_told_when_to_retry()
    {
        var admission = new Admission(places: 1, queue: 2);
        using Place place = await admission.Arrive("a").EnterAsync(1, default);
        Ticket[] waiting = [admission.Arrive("a"), admission.Arrive("b")];
        ApiException e = Assert.Throws<ApiException>(() => admission.Arrive("c"));
        Assert.Equal((429, "rate_limit_exceeded"), (e.Status, e.Type));
        Assert.True(e.RetryAfter >= TimeSpan.FromSeconds(1));
        waiting[0].Dispose();
        admission.Arrive("c").Dispose();
    }

    [Fact]
    public async Task Without_a_queue_a_free_place_is_still_taken()
    {
        var admission = new Admission(places: 1, queue: 0);
        Ticket ticket = admission.Arrive("a");
        Assert.Throws<ApiException>(() => admission.Arrive("b"));
        using (await ticket.EnterAsync(1, default)) Assert.Throws<ApiException>(() => admission.Arrive("b"));
        admission.Arrive("b").Dispose();
    }

    [Fact]
    public async Task A_request_that_gives_up_leaves_the_queue_and_those_behind_it_move_up()
    {
        var admission = new Admission(places: 2, queue: 10);
        Place held = await admission.Arrive("a").EnterAsync(1, default);
        using var giveUp = new CancellationTokenSource();
        Ticket large = admission.Arrive("b");
        Task<Place> both = large.EnterAsync(2, giveUp.Token); // asks for more places than are free
        Task<Place> one = admission.Arrive("c").EnterAsync(1, default);
        Assert.False(one.IsCompleted); // it does not overtake
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => both);
        (await one).Dispose();
        large.Dispose();
        held.Dispose();
        held.Dispose(); // a second Dispose changes nothing
        Assert.Equal((0, 0), (admission.Running, admission.Waiting));
    }

    [Fact]
    public async Task No_more_places_are_given_out_than_there_are()
    {
        var admission = new Admission(places: 3, queue: 1000);
        int running = 0, most = 0;
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Task.Run(async () =>
        {
            using Ticket ticket = admission.Arrive($"{i % 7}");
            using Place place = await ticket.EnterAsync(1 + i % 3, default);
            int now = Interlocked.Add(ref running, 1 + i % 3);
            lock (admission) most = Math.Max(most, now);
            await Task.Yield();
            Interlocked.Add(ref running, -1 - i % 3);
        })));
        Assert.InRange(most, 1, 3);
        Assert.Equal((0, 0), (admission.Running, admission.Waiting));
    }

    [Fact]
    public async Task A_budget_is_shared_in_order_of_arrival_and_returned()
    {
        var budget = new BufferBudget(100);
        BufferBudget.Share first = await budget.TakeAsync(80, default);
        using var giveUp = new CancellationTokenSource();
        Task<BufferBudget.Share> large = budget.TakeAsync(50, giveUp.Token), small = budget.TakeAsync(10, default);
        Assert.False(small.IsCompleted); // it does not overtake
        first.Shrink(60);
        Assert.False(large.IsCompleted);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        (await small).Dispose();
        first.Dispose();
        first.Dispose();
        Assert.Equal(100, budget.Free);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => budget.TakeAsync(101, default));
    }

    [Fact]
    public async Task A_share_grows_only_by_what_is_free_and_awaited_by_nobody()
    {
        var budget = new BufferBudget(100);
        BufferBudget.Share first = budget.TakeNothing(), second = budget.TakeNothing();
        Assert.True(first.TryGrow(60));
        Assert.True(first.TryGrow(20)); // it is larger already
        Assert.False(second.TryGrow(41));
        Assert.Equal((0, 41, 40), (second.Bytes, second.Refused, budget.Free));
        Task<BufferBudget.Share> waits = budget.TakeAsync(41, default);
        Assert.False(second.TryGrow(1));
        first.Dispose();
        using (await waits) Assert.True(second.TryGrow(59));
        second.Dispose();
        Assert.Equal(100, budget.Free);
    }

    [Fact]
    public async Task A_share_that_has_waited_has_the_turn_until_it_shrinks()
    {
        var budget = new BufferBudget(100);
        BufferBudget.Share others = await budget.TakeAsync(90, default), first = budget.TakeNothing(), second = budget.TakeNothing();
        Assert.True(first.TryGrow(10));
        Assert.False(first.TryGrow(20));
        Task large = first.GrowAsync(20, default), small = second.GrowAsync(5, default);
        Assert.Equal((0, 10), (first.Bytes, budget.Free)); // it waits with nothing
        others.Shrink(50);
        await large;
        Assert.False(small.IsCompleted); // there is room, but it is the turn of the first
        Assert.False(second.TryGrow(1));
        Assert.True(first.TryGrow(40));
        Assert.False(first.TryGrow(60));
        using var giveUp = new CancellationTokenSource();
        Task more = first.GrowAsync(60, default), all = first.GrowAsync(100, giveUp.Token);
        Assert.Equal((40, 10), (first.Bytes, budget.Free)); // it keeps what it has
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => all);
        others.Dispose();
        await more;
        Assert.False(small.IsCompleted);
        first.Shrink(30);
        await small;
        Assert.Equal((30, 5, 65), (first.Bytes, second.Bytes, budget.Free));
        first.Dispose();
        second.Dispose();
        Assert.Equal(100, budget.Free);
    }
}
