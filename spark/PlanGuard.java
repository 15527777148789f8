package dev.millrace.spark;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.ScalaUDF;
import org.apache.spark.sql.catalyst.expressions.SubqueryExpression;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.View;
import org.apache.spark.sql.execution.aggregate.ScalaAggregator;
import scala.collection.Iterator;

/**
 * The second lock: what Spark made of the statement is read before it runs. Only these operators and expressions, only the
 * views of the job as leaves: no files, no commands, no scripts, no reflection, nobody else's functions, whatever text came here.
 */
final class PlanGuard {
  private static final Set<String> OPERATORS =
      words(
          "Project Filter Aggregate Join Window Sort GlobalLimit LocalLimit Offset Distinct Union Except Intersect"
              + " SubqueryAlias Generate OneRowRelation");

  private static final Set<String> EXPRESSIONS =
      words(
          // Names, constants, conditions.
          "AttributeReference Alias Literal Cast CaseWhen If Coalesce NullIf IsNull IsNotNull IsNaN And Or Not In InSet"
              + " EqualTo EqualNullSafe LessThan LessThanOrEqual GreaterThan GreaterThanOrEqual RaiseError Greatest Least"
              + " SortOrder OuterReference LambdaFunction NamedLambdaVariable"
              // Arithmetic.
              + " Add Subtract Multiply Divide IntegralDivide Remainder Pmod UnaryMinus Abs Ceil Floor Round RoundBase Rint"
              + " Signum Exp Pow BitwiseAnd BitwiseOr CheckOverflow PromotePrecision DecimalDivideWithOverflowCheck"
              // Text.
              + " Concat ConcatWs Like RLike StartsWith EndsWith Contains StringInstr Length OctetLength StringTrim"
              + " StringTrimLeft StringTrimRight Substring Left Right Reverse StringSplitSQL SplitPart RegExpExtract Hex Md5"
              + " Sha1 Sha2 Lower ILike"
              // Lists.
              + " CreateArray ElementAt TryElementAt ArrayContains ArrayJoin Size Explode StructsToJson ArrayFilter ArrayCompact StringSplit TypedNullLiteral"
              // Time.
              + " TruncTimestamp Year Quarter Month WeekOfYear DayOfMonth DayOfWeek WeekDay DayOfYear Hour Minute Second"
              + " UnixMicros UnixMillis MicrosToTimestamp MakeDate MakeInterval LastDay DateFormatClass TimeAdd DateAdd"
              + " SubtractTimestamps DateAddInterval DatetimeSub"
              // Aggregates and windows.
              + " AggregateExpression Count CountIf Sum Average Min Max First BoolAnd BoolOr StddevSamp StddevPop VarianceSamp"
              + " VariancePop CovPopulation CovSample Corr Percentile WindowExpression WindowSpecDefinition"
              + " SpecifiedWindowFrame UnboundedPreceding UnboundedFollowing CurrentRow UnspecifiedFrame RowNumber Rank"
              + " DenseRank PercentRank CumeDist NTile Lag Lead NthValue Last");

  private final Set<String> views;

  private PlanGuard(Set<String> views) {
    this.views = views;
  }

  /** `views`: the names of this job's own. */
  static void check(LogicalPlan analyzed, Set<String> views) {
    new PlanGuard(views).visit(analyzed);
  }

  private void visit(LogicalPlan plan) {
    if (plan instanceof View) {
      View view = (View) plan;
      if (!view.isTempView() || !views.contains(view.desc().identifier().table())) {
        throw denied("the view " + view.desc().identifier());
      }
      return;
    }
    String kind = plan.getClass().getSimpleName();
    if (!OPERATORS.contains(kind)) throw denied("the operator " + kind);
    for (Iterator<Expression> each = plan.expressions().iterator(); each.hasNext(); ) visit(each.next());
    for (Iterator<LogicalPlan> each = plan.children().iterator(); each.hasNext(); ) visit(each.next());
  }

  private void visit(Expression expression) {
    if (expression instanceof SubqueryExpression) throw denied("a subquery in an expression");
    String kind = expression.getClass().getSimpleName().replace("$", "");
    if (expression instanceof ScalaUDF) {
      scala.Option<String> name = ((ScalaUDF) expression).udfName();
      if (name.isEmpty() || !isOurs(name.get())) throw denied("the function " + name);
    } else if (expression instanceof ScalaAggregator) {
      ScalaAggregator<?, ?, ?> aggregator = (ScalaAggregator<?, ?, ?>) expression;
      if (!(aggregator.agg() instanceof Uint256Sum)) throw denied("the aggregate " + aggregator.name());
    } else if (!EXPRESSIONS.contains(kind)) {
      throw denied("the expression " + kind);
    }
    for (Iterator<Expression> each = expression.children().iterator(); each.hasNext(); ) visit(each.next());
  }

  private static boolean isOurs(String name) {
    return Functions.NAMES.contains(name.toLowerCase(Locale.ROOT));
  }

  private static Refused denied(String what) {
    return new Refused("denied", what + " is not allowed on Spark");
  }

  private static Set<String> words(String text) {
    return new HashSet<>(Arrays.asList(text.split(" ")));
  }
}
