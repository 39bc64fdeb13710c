namespace VlmSharp.Training.Distributed;

/// <summary>What mpirun, mpiexec or srun have told the process that they started, by variables of its environment.</summary>
internal sealed class MpiLauncher
{
    private static readonly string[] OpenMpi = ["libmpi.so.40", "libmpi.40.dylib", "libmpi.so.80"];
    private static readonly string[] Mpich = ["libmpich.so.12", "libmpi.so.12", "libmpi.12.dylib", "libmpich.so"];

    /// <summary>Reads them.</summary>
    /// <param name="variable">Gives a variable of the environment, or null.</param>
    public MpiLauncher(Func<string, string?> variable)
    {
        bool isPmix = variable("PMIX_RANK") is not null;
        // Open MPI; PMI (MPICH, SLURM's srun); Hydra; srun with PMIx, which gives the size only there.
        string[] sizes = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS", .. isPmix ? (string[])["SLURM_STEP_NUM_TASKS"] : []];
        Size = sizes.Select(name => int.TryParse(variable(name), out int size) ? size : 0).Max();
        Libraries = variable("VLMSHARP_MPI_LIBRARY") is { Length: > 0 } given ? [given]
            : variable("OMPI_COMM_WORLD_SIZE") is not null || isPmix ? [.. OpenMpi, .. Mpich]
            : [.. Mpich, .. OpenMpi];
    }

    /// <summary>How many processes it says that it has started, at least on this machine; 0 where there was no launcher.</summary>
    public int Size { get; }

    /// <summary>The files that may be its library, the likeliest first.</summary>
    public IReadOnlyList<string> Libraries { get; }
}
