using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Compute.Reference;

namespace VlmSharp.Core.Tests.Compute;

public sealed class SequenceBatchTests
{
    /// <summary>Four image tokens, three prompt tokens, two generated tokens: the whole prefix sees itself, the rest is causal.</summary>
    [Fact]
    public void The_prefix_lm_mask_equals_the_drawing()
    {
        string[] drawn =
        [
            "1111111..",
            "1111111..",
            "1111111..",
            "1111111..",
            "1111111..",
            "1111111..",
            "1111111..",
            "11111111.",
            "111111111",
        ];
        Assert.Equal(drawn, Draw(new SequenceSlice(0, 9, 0, 7, null), window: 0));
    }

    /// <summary>The same with a window of three: the whole prefix still sees itself; later tokens see the last three.</summary>
    [Fact]
    public void A_window_applies_only_outside_the_prefix()
    {
        string[] drawn =
        [
            "1111...",
            "1111...",
            "1111...",
            "1111...",
            "..111..",
            "...111.",
            "....111",
        ];
        Assert.Equal(drawn, Draw(new SequenceSlice(0, 7, 0, 4, null), window: 3));
    }

    [Fact]
    public void A_prefix_must_be_added_at_once_and_must_fit_the_cache()
    {
        using var cache = new HostKvCache(1, 4, 8);
        var batch = new SequenceBatch();
        Assert.Contains("prefix of 7", Assert.Throws<ArgumentException>(() => batch.Add(6, 7, cache)).Message, StringComparison.Ordinal);
        Assert.Contains("no room for 9", Assert.Throws<ArgumentException>(() => batch.Add(9, 7, cache)).Message, StringComparison.Ordinal);
        batch.Add(7, 7, cache);
        Assert.Throws<ArgumentException>(() => batch.Add(3, 0));
        batch.Advance();
        Assert.Equal(7, cache.Length);
        cache.Truncate(5);
        Assert.Equal(5, cache.Length);
    }

    [Theory, InlineData(-1), InlineData(3)]
    public void A_row_outside_of_the_step_belongs_to_no_sequence(int row)
    {
        var batch = new SequenceBatch();
        batch.Add(3, 0);
        string message = Assert.Throws<ArgumentException>(() => batch.SliceOf(row)).Message;
        Assert.Contains($"Row {row} is outside", message, StringComparison.Ordinal);
    }

    [Theory, InlineData(1, 8, 6), InlineData(2, 4, 6)]
    public void A_copy_that_is_refused_leaves_the_cache_as_it_was(int layers, int width, int capacity)
    {
        using var backend = new ReferenceBackend();
        using KvCache source = backend.CreateKvCache(1, 4, 8), cache = backend.CreateKvCache(layers, width, capacity);
        source.Grow(8);
        cache.Grow(6);
        Assert.Throws<ArgumentException>(() => cache.CopyFrom(backend, source, 2));
        Assert.Equal(6, cache.Length);
    }

    private static string[] Draw(SequenceSlice slice, int window) =>
        [.. Enumerable.Range(0, slice.RowCount).Select(i => string.Concat(Enumerable.Range(0, slice.RowCount).Select(j =>
            j >= slice.VisibleStart(i, window) && j < slice.VisibleEnd(i) ? '1' : '.')))];
}
