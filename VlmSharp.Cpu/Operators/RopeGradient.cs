using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;
using VlmSharp.Cpu.Threading;

namespace VlmSharp.Cpu.Operators;

internal sealed partial class CpuOperators<V> : IKernel<RopeGradient>
{
    /// <summary>Rotates the pair (dY[j], dY[j + D/2]) of each head back by its angle: the rotation with -sin.</summary>
    public void Run(in RopeGradient op, HostMatrix y)
    {
        var rows = new RopeRows { X = op.Gradient.OnHost(), Angles = op.Angles.OnHost(), Y = y, Direction = -1 };
        RowLoop.Run(context.Team, rows, y.Rows, y.Columns);
    }
}
