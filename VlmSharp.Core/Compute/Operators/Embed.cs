namespace VlmSharp.Compute.Operators;

/// <summary>
/// Embedding lookup. A negative id stands for a token that the backend has chosen itself and that the host may not know yet.
/// <code>
/// y[t] = scale * table[id_t],    id_t = ids[t], or if ids[t] = -1 - r, the token in row r of the choice
/// </code>
/// </summary>
/// <param name="Table">[V, F].</param>
/// <param name="Ids">T ids below V; a negative id -1 - r refers to row r of the choice.</param>
/// <param name="Scale">sqrt(F) in Gemma.</param>
/// <param name="Choice">The result of <see cref="Choose"/>, or <c>default</c> if every id is known.</param>
public readonly record struct Embed(Weight Table, Indices Ids, float Scale, Matrix Choice = default) : IDifferentiable
{
    /// <inheritdoc/>
    public MatrixShape? Check()
    {
        if (Ids.Highest >= Table.Rows || Ids.Lowest < -Choice.Rows)
            throw new ArgumentException($"Embed: id {(Ids.Highest >= Table.Rows ? Ids.Highest : Ids.Lowest)} "
                + $"is outside the table {Table} and the {Choice.Rows} rows of the choice.");
        return new MatrixShape(Ids.Count, Table.Columns);
    }

    /// <inheritdoc/>
    public void Operands(IOperands operands) => operands.Add(Table);

    /// <inheritdoc/>
    public void Backward(IGradients to, Matrix y, Matrix dy)
    {
        if (Choice.HasValue) throw new NotSupportedException("Embed: tokens that the backend has chosen itself have no gradient.");
        (Indices ids, int rows, float scale) = (Ids, Table.Rows, Scale);
        to.Add(Table, sum => to.Backend.AddRows(dy, ids, rows, scale, sum));
    }
}

public static partial class OperatorCalls
{
    /// <inheritdoc cref="Operators.Embed"/>
    /// <returns>[T, F].</returns>
    public static Matrix Embed(this IComputeBackend b, Weight table, Indices ids, float scale, Matrix choice = default) =>
        b.Run(new Embed(table, ids, scale, choice));
}
