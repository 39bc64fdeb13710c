namespace VlmSharp.Cli.Evaluations;

internal static class ReportPage
{
    public static void Write(EvaluationResult result, Stream stream, int worst) { }
}
