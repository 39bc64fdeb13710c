using VlmSharp.Cli.Batch;
using VlmSharp.Conformance;
using VlmSharp.Imaging;
using VlmSharp.Preprocessing;

namespace VlmSharp.Cli.Tests.Batch;

/// <summary>The end of a queue of pictures that is not read to its end.</summary>
public sealed class PictureQueueTests
{
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
