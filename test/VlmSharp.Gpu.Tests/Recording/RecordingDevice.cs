using ILGPU;
using ILGPU.Runtime;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Tests.Recording;

/// <summary>
/// The OpenCL device of the tests, able to record as CUDA is: what is queued meanwhile is kept and not done. What a recording may not do,
/// copies from and to the host and waiting, is refused.
/// </summary>
internal sealed class RecordingDevice : KernelDevice
{
    private readonly SharedDevice inner = new();
    private List<Action>? recorded;

    /// <summary>Recordings that were made.</summary>
    public int Recordings { get; private set; }

    /// <summary>How often one was queued.</summary>
    public int Replays { get; private set; }

    /// <summary>Recordings that have not been disposed of.</summary>
    public int Alive { get; private set; }

    public override Accelerator Accelerator => inner.Accelerator;

    public override AcceleratorStream Stream
    {
        get
        {
            RefuseWhileRecording();
            return inner.Stream;
        }
    }

    public override int MostSharedBytes => inner.MostSharedBytes;

    public override int Processors => inner.Processors;

    public override void Load<TArgs>(Kernel<TArgs> kernel)
    {
        RefuseWhileRecording();
        inner.Load(kernel);
    }

    public override void Launch<TArgs>(Kernel<TArgs> kernel, in LaunchGrid grid, in TArgs args)
    {
        (LaunchGrid groups, TArgs kept) = (grid, args);
        if (recorded is null) inner.Launch(kernel, grid, args);
        else recorded.Add(() => inner.Launch(kernel, groups, kept));
    }

    public override void Copy<T>(ArrayView<T> source, ArrayView<T> target)
    {
        if (recorded is null) inner.Copy(source, target);
        else recorded.Add(() => inner.Copy(source, target));
    }

    public override void Wait()
    {
        RefuseWhileRecording();
        inner.Wait();
    }

    public override bool BeginRecording()
    {
        RefuseWhileRecording();
        recorded = [];
        return true;
    }

    public override IRecording? EndRecording()
    {
        var recording = new Recording(this, recorded!);
        recorded = null;
        Recordings++;
        Alive++;
        return recording;
    }

    protected override void Dispose(bool disposing) { }

    private void RefuseWhileRecording()
    {
        if (recorded is not null) throw new InvalidOperationException("That is not possible while a step is recorded.");
    }

    private sealed class Recording(RecordingDevice device, List<Action> actions) : IRecording
    {
        private bool disposed;

        public void Queue()
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            device.Replays++;
            foreach (Action action in actions) action();
        }

        public void Dispose()
        {
            if (disposed) return;
            disposed = true;
            device.Alive--;
        }
    }
}
