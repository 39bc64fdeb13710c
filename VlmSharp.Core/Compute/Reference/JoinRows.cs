using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed partial class ReferenceOperators : IKernel<JoinRows>
{
    /// <summary>The rows of each part, one part after another.</summary>
    public void Run(in JoinRows op, HostMatrix y)
    {
        int at = 0;
        foreach (Matrix part in op.Parts)
        {
            HostMatrix rows = part.OnHost();
            for (int i = 0; i < rows.Rows; i++) rows.Row(i).CopyTo(y.Row(at++));
        }
    }
}
