using VlmSharp.Cli.Batch;
using VlmSharp.Conformance;
using VlmSharp.Imaging;
using VlmSharp.Preprocessing;

namespace VlmSharp.Cli.Tests.Batch;

public sealed class PictureQueueTests
{
    [Fact]
    public async Task A_change_without_memory_is_tried_again_alone_and_then_an_error_of_the_item()
    {
        using var queue = new PictureQueue(waiting: 1, threads: 2, new ImagePreprocessor(new PreprocessorConfig()), ImageOptions.Default);
        int tries = 0;
        var item = new WorkItem(0, "x", [GoldenFiles.PathOf("images", "png_rgb_33x17.png")])
        {
            Change = image => Interlocked.Increment(ref tries) < 10 ? throw new InsufficientMemoryException() : image,
        };
        await foreach (LoadedItem loaded in queue.Load([item], default))
            Assert.Contains("has 33 x 17 pixels, and there is no memory left", loaded.Fault?.Message, StringComparison.Ordinal);
        Assert.Equal(2, tries);
    }

    /// <summary>The queue is not read to its end.</summary>
    [Fact]
    public async Task It_ends_after_every_load_that_it_started()
    {
        using ManualResetEventSlim first = new(), second = new();
        using var started = new CountdownEvent(2);
        using var queue = new PictureQueue(waiting: 1, threads: 4, new ImagePreprocessor(new PreprocessorConfig()), ImageOptions.Default);
        // The first waits in the queue. The second does not fit in it.
        IAsyncEnumerator<LoadedItem> items = queue.Load([Item(0, null), Item(1, first), Item(2, second)], default).GetAsyncEnumerator();
        Assert.True(await items.MoveNextAsync());
        started.Wait();
        Task end = items.DisposeAsync().AsTask();
        first.Set();
        Task earliest = await Task.WhenAny(end, Task.Delay(500));
        bool isEarly = earliest == end;
        second.Set();
        await end;
        Assert.False(isEarly);

        WorkItem Item(int index, ManualResetEventSlim? gate) => new(index, "x", [GoldenFiles.PathOf("images", "png_rgb_33x17.png")])
        {
            Change = image =>
            {
                if (gate is not null) started.Signal();
                gate?.Wait();
                return image;
            },
        };
    }
}
