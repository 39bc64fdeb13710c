using System.Runtime.InteropServices;
using VlmSharp.Compute;
using VlmSharp.Training.Gradients;

namespace VlmSharp.Training.Distributed;

/// <summary>
/// Sums gradients over processes while the backward pass is still running (Li et al. 2020, section 3.2.3). Parameters are placed in buckets
/// in the order in which the backward pass finishes them, and a bucket's sum begins as soon as its last parameter is ready. Buckets and
/// their order are the same in every process.
/// </summary>
internal sealed unsafe class GradientBuckets : IDisposable
{
    private const long DefaultBytes = 16 << 20;

    private readonly IComputeBackend b;
    private readonly Tape tape;
    private readonly MpiGroup group;
    private readonly List<Bucket> buckets = [];
    private readonly HashSet<Weight> ready = [];
    private int begun;

    /// <summary>Lays the buckets out.</summary>
    /// <param name="b">The backend of the gradients.</param>
    /// <param name="tape">Has the gradients.</param>
    /// <param name="parameters">All that are trained, in the order of the forward pass.</param>
    /// <param name="group">All processes of the training; each gets the sum.</param>
    /// <param name="bucketBytes">About how many bytes are added up at once; null for the default.</param>
    public GradientBuckets(IComputeBackend b, Tape tape, IReadOnlyList<Weight> parameters, MpiGroup group, long? bucketBytes = null)
    {
        (this.b, this.tape, this.group) = (b, tape, group);
        foreach (Weight weight in parameters.Reverse()) // the last layers are ready first
        {
            if (buckets.Count == 0 || buckets[^1].Count * sizeof(float) >= (bucketBytes ?? DefaultBytes)) buckets.Add(new Bucket());
            buckets[^1].Add(weight);
        }

        foreach (Bucket bucket in buckets) bucket.Allocate();
    }

    /// <summary>A parameter's gradient is complete in this process: sends its bucket when that is full.</summary>
    public void Ready(Weight weight)
    {
        ready.Add(weight);
        while (begun < buckets.Count && buckets[begun].Weights.TrueForAll(ready.Contains)) Begin(buckets[begun++]);
    }

    /// <summary>Sends what is left, waits for all sums and puts them in the place of the gradients.</summary>
    public void Finish()
    {
        while (begun < buckets.Count) Begin(buckets[begun++]);
        foreach (Bucket bucket in buckets)
        {
            group.Wait(bucket.Sum!);
            for (int i = 0; i < bucket.Weights.Count; i++)
            {
                Weight weight = bucket.Weights[i];
                if (bucket.Reached[i] > 0) tape.Replace(weight, b.Upload(bucket.Of(weight), weight.Rows, weight.Columns));
            }
        }

        begun = 0;
        ready.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (group.IsLost) return; // a sum that never ends may still write to them
        foreach (Bucket bucket in buckets) bucket.Dispose();
    }

    private void Begin(Bucket bucket)
    {
        for (int i = 0; i < bucket.Weights.Count; i++)
        {
            Weight weight = bucket.Weights[i];
            Matrix gradient = tape.Gradient(weight);
            bucket.Reached[i] = gradient.HasValue ? 1 : 0;
            if (gradient.HasValue) b.Download(gradient, bucket.Of(weight));
            else bucket.Of(weight).Clear(); // no example of this process reaches it
        }

        bucket.Sum = group.SumLater(bucket.Data, checked((int)(bucket.Count + bucket.Weights.Count)));
    }

    /// <summary>Parameters whose gradients are contiguous in host memory, followed by the number of processes that have each one.</summary>
    private sealed class Bucket : IDisposable
    {
        private readonly Dictionary<Weight, long> places = [];

        public List<Weight> Weights { get; } = [];

        public long Count { get; private set; }

        public float* Data { get; private set; }

        /// <summary>
        /// For each parameter, the number of processes with an example that reaches it. A parameter that none reaches gets no gradient, as
        /// in one process.
        /// </summary>
        public Span<float> Reached => new(Data + Count, Weights.Count);

        public Task? Sum { get; set; }

        public void Add(Weight weight)
        {
            places.Add(weight, Count);
            Weights.Add(weight);
            Count += (long)weight.Rows * weight.Columns;
        }

        public void Allocate() => Data = (float*)NativeMemory.AlignedAlloc((nuint)((Count + Weights.Count) * sizeof(float)), 64);

        public Span<float> Of(Weight weight) => new(Data + places[weight], checked(weight.Rows * weight.Columns));

        public void Dispose()
        {
            NativeMemory.AlignedFree(Data);
            Data = null;
        }
    }
}
