using Microsoft.Playwright;
using static VlmSharp.Server.Tests.Page.ScriptedServer;

namespace VlmSharp.Server.Tests.Page;

/// <summary>Several answers: the history, two answers side by side, and the address that restores them.</summary>
[Collection(BrowserTests.Name)]
public sealed class SessionTests(BrowserFixture browser)
{
    private static Task EchoAsync(Microsoft.AspNetCore.Http.HttpContext http, IReadOnlyDictionary<string, string> fields) =>
        EndAsync(
            http,
            Answer(
                "ask",
                $"answer en {fields["question"]}",
                $"{fields.GetValueOrDefault("model", "demo")} to {fields["question"]} of {fields["image"]}"));

    [ChromiumFact]
    public async Task A_click_in_the_history_restores_an_answer_without_asking_again()
    {
        await using ScriptedServer server = await StartAsync(EchoAsync);
        await browser.UseAsync(server.Origin, async page =>
        {
            await AskAsync(page, "one");
            await page.GetByRole(AriaRole.Button, new() { Name = "Sample: Two red stars" }).ClickAsync();
            await AskAsync(page, "two");
            Assert.Equal(["answer en two", "answer en one"], await page.Locator(".entry-prompt").AllInnerTextsAsync());
            await page.Locator(".entry").Nth(1).ClickAsync();
            await Assertions.Expect(page.Locator(".answer .text")).ToHaveTextAsync("demo to one of sun.png");
            await Assertions.Expect(page.GetByLabel("Question")).ToHaveValueAsync("one");
            await Assertions.Expect(page.Locator(".stage .file")).ToHaveTextAsync("sun.png");
            Assert.Equal(2, server.Asked.Count);
            await page.GetByRole(AriaRole.Button, new() { Name = "Forget all" }).ClickAsync();
            await Assertions.Expect(page.Locator("#history")).ToBeHiddenAsync();
            Assert.True(
                await page.Locator(".frame img")
                    .EvaluateAsync<bool>(
                        "async image => { const again = new Image(); again.src = image.src; await again.decode(); return true; }"),
                "The picture on the page was let go.");
        }, new PageView { Address = "#task=ask&sample=sun", Screenshot = "history" });
    }

    [ChromiumFact]
    public async Task A_run_that_is_under_way_leaves_no_trace_on_a_new_picture()
    {
        await using ScriptedServer server = await StartAsync(async (http, fields) =>
        {
            if (fields["question"] == "slow")
                await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            else await EchoAsync(http, fields);
        });
        await browser.UseAsync(server.Origin, async page =>
        {
            await AskAsync(page, "one");
            await page.GetByLabel("Question").FillAsync("slow");
            await page.Keyboard.PressAsync("Enter");
            await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Running…" })).ToBeVisibleAsync();
            await page.Locator(".entry").ClickAsync();
            await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true })).ToBeVisibleAsync();
            await Assertions.Expect(page.Locator(".answer .text")).ToHaveTextAsync("demo to one of sun.png");
            await AskAsync(page, "two");
            await Assertions.Expect(page.Locator(".answer")).Not.ToContainTextAsync("Canceled");
            Assert.Equal(["answer en two", "answer en one"], await page.Locator(".entry-prompt").AllInnerTextsAsync());
        }, new PageView { Address = "#task=ask&sample=sun" });
    }

    [ChromiumFact]
    public async Task Two_prompts_stand_side_by_side()
    {
        await using ScriptedServer server = await StartAsync(EchoAsync);
        await browser.UseAsync(server.Origin, async page =>
        {
            await page.GetByLabel("Question").FillAsync("one");
            await page.GetByRole(AriaRole.Switch, new() { Name = "Compare two" }).ClickAsync();
            await page.GetByLabel("Question").Nth(1).FillAsync("two");
            await page.GetByRole(AriaRole.Button, new() { Name = "Run both" }).ClickAsync();
            await Assertions.Expect(page.Locator(".answer .text")).ToHaveTextAsync(["demo to one of sun.png", "demo to two of sun.png"]);
            Assert.Equal(["answer en one | answer en two"], await page.Locator(".entry-prompt").AllInnerTextsAsync());
            LocatorBoundingBoxResult a = (await page.Locator(".lane").Nth(0).BoundingBoxAsync())!,
                b = (await page.Locator(".lane").Nth(1).BoundingBoxAsync())!;
            Assert.True(a.X + a.Width <= b.X && a.Y == b.Y, "The two are not side by side.");
        }, new PageView { Address = "#task=ask&sample=sun", Screenshot = "compare" });
    }

    [ChromiumFact]
    public async Task Two_models_answer_the_same_prompt()
    {
        await using ScriptedServer server = await StartAsync(EchoAsync, models: ["base", "tuned"]);
        await browser.UseAsync(server.Origin, async page =>
        {
            await Assertions.Expect(page.Locator("select[name=model]")).ToHaveValueAsync("base");
            await page.GetByLabel("Question").FillAsync("q");
            await page.GetByRole(AriaRole.Switch, new() { Name = "Compare two" }).ClickAsync();
            await Assertions.Expect(page.Locator("select[name=model]").Nth(1)).ToHaveValueAsync("tuned");
            await page.GetByRole(AriaRole.Button, new() { Name = "Run both" }).ClickAsync();
            await Assertions.Expect(page.Locator(".answer .text")).ToHaveTextAsync(["base to q of sun.png", "tuned to q of sun.png"]);
        }, new PageView { Address = "#task=ask&sample=sun" });
    }

    [ChromiumFact]
    public async Task The_address_restores_the_question()
    {
        await using ScriptedServer server = await StartAsync(EchoAsync, models: ["base", "tuned"]);
        await browser.UseAsync(server.Origin, async page =>
        {
            await page.GetByLabel("Question").First.FillAsync("a & b = c?");
            await page.ReloadAsync();
            await Assertions.Expect(page.GetByLabel("Question").First).ToHaveValueAsync("a & b = c?");
            await Assertions.Expect(page.GetByLabel("Question").Nth(1)).ToHaveValueAsync("second");
            await Assertions.Expect(page.Locator("select[name=model]").Nth(1)).ToHaveValueAsync("tuned");
            await Assertions.Expect(page.Locator(".stage .file").First).ToHaveTextAsync("sun.png");
        }, new PageView { Address = "#task=ask&sample=sun&question2=second&model2=tuned&compare=1" });
    }

    private static async Task AskAsync(IPage page, string question)
    {
        await page.GetByLabel("Question").FillAsync(question);
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator(".answer .text")).ToContainTextAsync($"to {question} of");
    }
}
