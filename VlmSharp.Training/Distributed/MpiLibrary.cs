using System.Runtime.InteropServices;

namespace VlmSharp.Training.Distributed;

/// <summary>
/// An MPI library already installed on the machine, loaded on demand: Open MPI or MPICH (and libraries with MPICH's ABI: Intel MPI, Cray
/// MPICH). Only the few functions that training needs, through function pointers.
/// </summary>
/// <remarks>
/// The standard (MPI Forum, MPI 3.1) names constants such as MPI_COMM_WORLD and leaves their values to the library: in Open MPI they are
/// addresses of exported objects, in MPICH they are numbers.
/// </remarks>
internal sealed unsafe class MpiLibrary
{
    /// <summary>One thread makes all calls, and it need not be the process's first.</summary>
    private const int ThreadFunneled = 1;

    private readonly nint library;

    private MpiLibrary(nint library, string name)
    {
        (this.library, Name) = (library, name);
        bool isOpenMpi = NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out nint world);
        World = isOpenMpi ? world : 0x44000000;
        Float = isOpenMpi ? NativeLibrary.GetExport(library, "ompi_mpi_float") : 0x4c00040a;
        Double = isOpenMpi ? NativeLibrary.GetExport(library, "ompi_mpi_double") : 0x4c00080b;
        Add = isOpenMpi ? NativeLibrary.GetExport(library, "ompi_mpi_op_sum") : 0x58000003;
        ErrorsReturn = isOpenMpi ? NativeLibrary.GetExport(library, "ompi_mpi_errors_return") : 0x54000001;
        InPlace = isOpenMpi ? 1 : -1;
        IsOpenMpi = isOpenMpi;
    }

    /// <summary>The file that was loaded.</summary>
    public string Name { get; }

    /// <summary>Whether it is Open MPI.</summary>
    public bool IsOpenMpi { get; }

    /// <summary>MPI_COMM_WORLD.</summary>
    public nint World { get; }

    /// <summary>MPI_FLOAT.</summary>
    public nint Float { get; }

    /// <summary>MPI_DOUBLE.</summary>
    public nint Double { get; }

    /// <summary>MPI_SUM.</summary>
    public nint Add { get; }

    /// <summary>MPI_IN_PLACE.</summary>
    public nint InPlace { get; }

    /// <summary>MPI_ERRORS_RETURN.</summary>
    public nint ErrorsReturn { get; }

    /// <summary>Loads the library that belongs to the launcher.</summary>
    /// <param name="launcher">What started this process.</param>
    /// <exception cref="ProcessGroupException">None is there.</exception>
    public static MpiLibrary Load(MpiLauncher launcher)
    {
        foreach (string name in launcher.Libraries)
            if (NativeLibrary.TryLoad(name, out nint library)) return new MpiLibrary(library, name);
        throw new ProcessGroupException($"This process was started by an MPI launcher, but no MPI library loads (tried "
            + $"{string.Join(", ", launcher.Libraries)}). "
            + "Install Open MPI or MPICH, or set VLMSHARP_MPI_LIBRARY to the library's file.");
    }

    /// <summary>MPI_Init_thread, on the thread that makes all later calls.</summary>
    public void Initialize()
    {
        // Open MPI would replace the runtime's signal handlers, which turn faults into exceptions. A native library does not read the
        // runtime's own copy of the environment.
        if (IsOpenMpi && OperatingSystem.IsLinux()) _ = SetEnvironment("OMPI_MCA_opal_signal", "", 1);
        int provided;
        var init = (delegate* unmanaged<int*, byte***, int, int*, int>)Function("MPI_Init_thread");
        Require(init(null, null, ThreadFunneled, &provided), "MPI_Init_thread");
        if (provided < ThreadFunneled)
            throw new ProcessGroupException($"{Name} is built without support for threads (it gives level {provided}).");
        // By default an error, such as a broken connection, ends the process before it has saved.
        Require(
            ((delegate* unmanaged<nint, nint, int>)Function("MPI_Comm_set_errhandler"))(World, ErrorsReturn), "MPI_Comm_set_errhandler");
    }

    /// <summary>This process's number.</summary>
    public int Rank() => Ask("MPI_Comm_rank");

    /// <summary>How many processes there are.</summary>
    public int Size() => Ask("MPI_Comm_size");

    /// <summary>MPI_Allreduce with MPI_SUM, in place.</summary>
    public void AllReduce(void* values, int count, nint type)
    {
        var reduce = (delegate* unmanaged<nint, void*, int, nint, nint, nint, int>)Function("MPI_Allreduce");
        Require(reduce(InPlace, values, count, type, Add, World), "MPI_Allreduce");
    }

    /// <summary>MPI_Bcast.</summary>
    public void Broadcast(void* values, int count, nint type, int root)
    {
        var broadcast = (delegate* unmanaged<void*, int, nint, int, nint, int>)Function("MPI_Bcast");
        Require(broadcast(values, count, type, root, World), "MPI_Bcast");
    }

    /// <summary>MPI_Barrier.</summary>
    public void Barrier() => Require(((delegate* unmanaged<nint, int>)Function("MPI_Barrier"))(World), "MPI_Barrier");

    /// <summary>MPI_Finalize.</summary>
    public void Finish() => Require(((delegate* unmanaged<int>)Function("MPI_Finalize"))(), "MPI_Finalize");

    /// <summary>MPI_Abort, which may be called from any thread: nothing comes after it.</summary>
    public void Abort(int code) => _ = ((delegate* unmanaged<nint, int, int>)Function("MPI_Abort"))(World, code);

    private int Ask(string name)
    {
        int value;
        Require(((delegate* unmanaged<nint, int*, int>)Function(name))(World, &value), name);
        return value;
    }

    private nint Function(string name) => NativeLibrary.TryGetExport(library, name, out nint address)
        ? address
        : throw new ProcessGroupException($"{Name} has no {name}: it is not an MPI library.");

    private void Require(int result, string name)
    {
        if (result != 0) throw new ProcessGroupException($"{name} of {Name} failed with code {result}.");
    }

    [DllImport("libc", EntryPoint = "setenv", CharSet = CharSet.Ansi)]
    private static extern int SetEnvironment(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string name, [MarshalAs(UnmanagedType.LPUTF8Str)] string value, int overwrite);
}
