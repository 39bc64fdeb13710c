namespace VlmSharp.Gpu.Kernels;

/// <summary>
/// How the operands of a product lie in memory, as a type argument. A sum runs along the rows of an operand, or across them, down its
/// columns. In the second case, a panel's step is some rows of the operand.
/// </summary>
internal interface IProductForm
{
    /// <summary>Whether sums run down the columns of X: the result has a row for each column of X.</summary>
    static abstract bool IsXAcross { get; }

    /// <summary>Whether sums run down the columns of W: the result has a column for each column of W.</summary>
    static abstract bool IsWAcross { get; }

    /// <summary>The product's name, for kernel names.</summary>
    static abstract string Name { get; }
}

/// <summary>Y = X W^T: a linear layer.</summary>
internal readonly struct RowsByRows : IProductForm
{
    public static bool IsXAcross => false;

    public static bool IsWAcross => false;

    public static string Name => "product";
}

/// <summary>Y = X W: a linear layer's gradient with respect to its input.</summary>
internal readonly struct RowsByColumns : IProductForm
{
    public static bool IsXAcross => false;

    public static bool IsWAcross => true;

    public static string Name => "product by columns";
}

/// <summary>Y = X^T W: a linear layer's gradient with respect to its weight.</summary>
internal readonly struct ColumnsByColumns : IProductForm
{
    public static bool IsXAcross => true;

    public static bool IsWAcross => true;

    public static string Name => "product of columns";
}
