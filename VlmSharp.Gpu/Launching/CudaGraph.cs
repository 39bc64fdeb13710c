using System.Runtime.InteropServices;
using ILGPU.Runtime.Cuda;

namespace VlmSharp.Gpu.Launching;

/// <summary>
/// The work of a stream, recorded as a CUDA graph: one driver call queues all of it, so that the host's time per launch does not count.
/// Calls the driver directly, because ILGPU has no functions for this.
/// </summary>
internal sealed partial class CudaGraph : IRecording
{
    private const int Relaxed = 2; // CU_STREAM_CAPTURE_MODE_RELAXED: the other modes forbid allocating memory meanwhile

    private readonly CudaStream stream;
    private nint executable;

    private CudaGraph(CudaStream stream, nint executable) => (this.stream, this.executable) = (stream, executable);

    /// <summary>From here on, work for the stream is recorded instead of done.</summary>
    /// <returns>False if the driver cannot record.</returns>
    public static bool Begin(CudaStream stream) => BeginCapture(stream.StreamPtr, Relaxed) == 0;

    /// <summary>Ends the recording.</summary>
    /// <returns>What was recorded, or null if the driver cannot record.</returns>
    public static CudaGraph? End(CudaStream stream)
    {
        if (EndCapture(stream.StreamPtr, out nint graph) != 0 || graph == 0) return null;
        int status = Instantiate(out nint executable, graph, 0);
        _ = DestroyGraph(graph);
        return status == 0 ? new CudaGraph(stream, executable) : null;
    }

    /// <inheritdoc/>
    public void Queue()
    {
        int status = LaunchGraph(executable, stream.StreamPtr);
        if (status != 0) throw new InvalidOperationException($"CUDA did not take a recorded step: error {status}.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (executable != 0) _ = DestroyExecutable(executable);
        executable = 0;
    }

    [LibraryImport("cuda", EntryPoint = "cuStreamBeginCapture_v2")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int BeginCapture(nint stream, int mode);

    [LibraryImport("cuda", EntryPoint = "cuStreamEndCapture")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int EndCapture(nint stream, out nint graph);

    [LibraryImport("cuda", EntryPoint = "cuGraphInstantiateWithFlags")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Instantiate(out nint executable, nint graph, ulong flags);

    [LibraryImport("cuda", EntryPoint = "cuGraphLaunch")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int LaunchGraph(nint executable, nint stream);

    [LibraryImport("cuda", EntryPoint = "cuGraphDestroy")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int DestroyGraph(nint graph);

    [LibraryImport("cuda", EntryPoint = "cuGraphExecDestroy")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int DestroyExecutable(nint executable);
}
