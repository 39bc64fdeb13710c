using VlmSharp.Compute;
using VlmSharp.Compute.Host;
using VlmSharp.Cpu.Formats;
using VlmSharp.Cpu.Kernels.Products;

namespace VlmSharp.Cpu.Tests.Kernels.Products;

public sealed unsafe class StreamAheadTests
{
    /// <summary>Ten rows in four streams of three: the last stream has one row, and uses the last row in place of the others.</summary>
    [Theory]
    [InlineData(0, new[] { 0, 3, 6, 9 }, new[] { 1, 4, 7, 9 })]
    [InlineData(1, new[] { 1, 4, 7, 9 }, new[] { 2, 5, 8, 9 })]
    [InlineData(2, new[] { 2, 5, 8, 9 }, new[] { 2, 5, 8, 9 })] // the end of the runs, and nothing after them
    public void Streams_continue_with_their_own_rows(int n, int[] places, int[] next) =>
        AssertRows(places, next, rows: 10, n, run: 3, streams: 4);

    /// <summary>At the end of a run the streams go on with the rows after these, where the same streams of them begin.</summary>
    [Fact]
    public void At_the_end_streams_continue_with_the_next_rows()
    {
        AssertRows([2, 5, 8, 9], [100, 103, 106, 109], rows: 10, 2, run: 3, streams: 4, then: 100);
        AssertRows([1, 4, 7, 9], [2, 5, 8, 9], rows: 10, 1, run: 3, streams: 4, then: 100);
    }

    /// <summary>Nine rows in six streams of two: the last stream has no row at all, here and in the next rows.</summary>
    [Fact]
    public void A_stream_without_rows_uses_the_last_row()
    {
        AssertRows([0, 2, 4, 6, 8, 8], [1, 3, 5, 7, 8, 8], rows: 9, 0, run: 2, streams: 6);
        AssertRows([1, 3, 5, 7, 8, 8], [100, 102, 104, 106, 108, 108], rows: 9, 1, run: 2, streams: 6, then: 100);
    }

    /// <summary>Rows of a list, as of a head that only has some of the vocabulary.</summary>
    [Fact]
    public void Listed_rows_are_followed_in_the_order_of_the_list()
    {
        int* list = stackalloc int[] { 70, 10, 60, 20, 50 };
        AssertRows([70, 60, 50], [10, 20, 50], rows: 5, 0, run: 2, streams: 3, list: list);
    }

    /// <summary>Together the passes ask for the row of each stream once, in order.</summary>
    [Fact]
    public void Passes_share_the_streams()
    {
        for (int streams = 0; streams <= 8; streams++)
            for (int passes = 1; passes <= 12; passes++)
            {
                var asked = new List<int>();
                for (int pass = 0; pass < passes; pass++)
                {
                    int from = StreamAhead.Share(streams, pass, passes), to = StreamAhead.Share(streams, pass + 1, passes);
                    Assert.InRange(to - from, streams / passes, (streams + passes - 1) / passes);
                    asked.AddRange(Enumerable.Range(from, to - from));
                }

                Assert.Equal(Enumerable.Range(0, streams), asked);
            }
    }

    [Fact]
    public void Every_stream_is_asked_for_or_none() => Assert.Equal(StreamAhead.Bytes > 0 ? 6 : 0, StreamAhead.Asked(6));

    // The rows that the streams read now and next are these of a matrix of 200 rows. The rows after them begin at number "then".
    private static void AssertRows(
        int[] places, int[] next, int rows, int n, int run, int streams, int? then = null, int* list = null)
    {
        const int RowBytes = 64;
        const nint Start = 1 << 20; // no address is read
        using var matrix = new HostWeight(new WeightData("w", DType.F32, 200, RowBytes / sizeof(float), Start, new object()));
        var w = new WeightRows(matrix, list);
        byte** now = stackalloc byte*[streams], later = stackalloc byte*[streams];
        StreamAhead.Place(w, rows, then is { } first ? w.From(first) : default, n, run, streams, now, later);
        Assert.Equal(places, Numbers(now, streams));
        Assert.Equal(next, Numbers(later, streams));

        static int[] Numbers(byte** addresses, int count)
        {
            int[] numbers = new int[count];
            for (int i = 0; i < count; i++) numbers[i] = (int)(((nint)addresses[i] - Start) / RowBytes);
            return numbers;
        }
    }
}
