namespace VlmSharp.Compute.Operators;

/// <summary>
/// Concatenates the rows of several matrices, such as the image tokens of several pictures.
/// </summary>
/// <param name="Parts">Matrices [n_i, F], at least one.</param>
public readonly record struct JoinRows(IReadOnlyList<Matrix> Parts) : IDifferentiable
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        Shapes.Require(Parts.Count > 0, $"JoinRows: no matrices");
        int rows = 0;
        foreach (Matrix part in Parts)
        {
            Shapes.Require(part.Columns == Parts[0].Columns, $"JoinRows: {part} behind {Parts[0]}");
            rows = checked(rows + part.Rows);
        }

        return new MatrixShape(rows, Parts[0].Columns);
    }

    /// <inheritdoc/>
    public void Operands(IOperands operands)
    {
        foreach (Matrix part in Parts) operands.Add(part);
    }

    /// <inheritdoc/>
    public void Backward(IGradients to, Matrix y, Matrix dy)
    {
        int first = 0;
        foreach (Matrix part in Parts)
        {
            using Indices rows = to.Backend.Upload([.. Enumerable.Range(first, part.Rows)]);
            if (to.Wants(part)) to.Add(part, to.Backend.SelectRows(dy, rows));
            first += part.Rows;
        }
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.JoinRows"/>
    /// <returns>[sum of n_i, F].</returns>
    public static Matrix JoinRows(this IComputeBackend b, IReadOnlyList<Matrix> parts) =>
        b.Run(new JoinRows(parts));
}
