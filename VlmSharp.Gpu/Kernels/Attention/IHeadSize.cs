namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>
/// The number of head features that a kernel is compiled for, as its type argument, because the number of registers is fixed at compile
/// time. A smaller head is padded with zeros.
/// </summary>
internal interface IHeadSize
{
    /// <summary>Blocks of 16 features.</summary>
    static abstract int Blocks { get; }

    /// <summary>
    /// Chunks from one row to the next in shared memory: an odd number, so that 8 rows of a column lie in different banks.
    /// </summary>
    static abstract int Pitch { get; }

    /// <summary>Groups that should run on a multiprocessor at the same time, so that others work while one waits for its keys.</summary>
    static abstract int GroupsPerProcessor { get; }
}

/// <summary>Up to 80 features: SigLIP's 72.</summary>
internal struct Head80 : IHeadSize
{
    public static int Blocks => 5;

    public static int Pitch => 11;

    public static int GroupsPerProcessor => 4;
}

/// <summary>Up to 128 features.</summary>
internal struct Head128 : IHeadSize
{
    public static int Blocks => 8;

    public static int Pitch => 17;

    public static int GroupsPerProcessor => 3;
}

/// <summary>Up to 256 features: Gemma's.</summary>
internal struct Head256 : IHeadSize
{
    public static int Blocks => 16;

    public static int Pitch => 33;

    public static int GroupsPerProcessor => 2;
}
